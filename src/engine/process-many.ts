import { Buffer } from 'node:buffer';
import { AnswerCursor, AnswerKind, mostBytes, packBytes, packRequest, REQUEST_WORDS } from '../block/packed.ts';
import { PackedSource } from '../block/packed-source.ts';
import type { PluginResponse } from '../contract/values.ts';
import { fromWire, type PluginError } from '../errors.ts';
import { BLOCK_INPUT_BYTES } from '../pool/block-area.ts';
import type { PackedRequests, PackedResults, ProcessManyOptions, ProcessManyResult } from '../request/many.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../request/request.ts';
import { Block, type BlockListener, type BlockPiece } from '../scheduler/block.ts';
import type { JobListener } from '../scheduler/job.ts';
import type { Lane } from '../scheduler/lane.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

/** Where many requests go. */
export interface ManyTarget {
  readonly scheduler: Pick<Scheduler, 'submitBlock' | 'longestBlock'>;
  /** Undefined where each request has to be looked at by itself: for a canary, a failure policy, an observer. */
  readonly lane: Lane | undefined;
  readonly options: ProcessManyOptions;
  /** Runs one request that no block can take. */
  readonly submit: (request: ProcessRequest, listener: JobListener) => void;
}

/** Blocks are packed here, one at a time, and copied when it is known how long they are. */
let scratch: Buffer | undefined;

/** Takes results as they come and settles when all are there. */
abstract class Collector {
  #left: number;
  readonly #resolve: () => void;

  constructor(count: number, resolve: () => void) {
    this.#left = count;
    this.#resolve = resolve;
  }

  /** An answer that stands in bytes, of which it may keep none. */
  abstract answered(index: number, answer: AnswerCursor, bytes: Buffer): void;
  abstract responded(index: number, response: PluginResponse): void;
  abstract failed(index: number, error: PluginError): void;

  over(count: number): void {
    this.#left -= count;
    if (this.#left === 0) this.#resolve();
  }
}

class Results extends Collector {
  readonly results: ProcessManyResult[];

  constructor(count: number, resolve: (results: ProcessManyResult[]) => void) {
    const results = new Array<ProcessManyResult>(count);
    super(count, () => resolve(results));
    this.results = results;
  }

  answered(index: number, { kind, outputAt, outputEnd, messageEnd }: AnswerCursor, bytes: Buffer): void {
    const output = bytes.toString('utf8', outputAt, outputEnd);
    const success = kind === AnswerKind.success || kind === AnswerKind.successWithMessage;
    if (kind === AnswerKind.success || kind === AnswerKind.failure) this.results[index] = { ok: true, output, success };
    else {
      const errorMessage = bytes.toString('utf8', outputEnd, messageEnd);
      this.results[index] = { ok: true, output, success, errorMessage };
    }
  }

  responded(index: number, response: PluginResponse): void {
    this.results[index] = { ok: true, ...response };
  }

  failed(index: number, error: PluginError): void {
    this.results[index] = { ok: false, error };
  }
}

class Packed extends Collector {
  readonly #outputs: (Uint8Array | undefined)[];
  readonly #success: Uint8Array;
  readonly #messages = new Map<number, string>();
  readonly #errors = new Map<number, PluginError>();

  constructor(count: number, resolve: (results: PackedResults) => void) {
    super(count, () => resolve(this.#assemble()));
    this.#outputs = new Array(count);
    this.#success = new Uint8Array(count);
  }

  /** `bytes` is a copy of its own here: see {@link Listener}. */
  answered(index: number, { kind, outputAt, outputEnd, messageEnd }: AnswerCursor, bytes: Buffer): void {
    this.#outputs[index] = bytes.subarray(outputAt, outputEnd);
    if (kind === AnswerKind.success || kind === AnswerKind.successWithMessage) this.#success[index] = 1;
    if (kind === AnswerKind.success || kind === AnswerKind.failure) return;
    this.#messages.set(index, bytes.toString('utf8', outputEnd, messageEnd));
  }

  responded(index: number, { output, success, errorMessage }: PluginResponse): void {
    this.#outputs[index] = Buffer.from(output);
    if (success) this.#success[index] = 1;
    if (errorMessage !== undefined) this.#messages.set(index, errorMessage);
  }

  failed(index: number, error: PluginError): void {
    this.#errors.set(index, error);
  }

  #assemble(): PackedResults {
    const outputs = this.#outputs;
    const ends = new Uint32Array(outputs.length);
    let end = 0;
    for (let index = 0; index < outputs.length; index++) {
      end += outputs[index]?.length ?? 0;
      ends[index] = end;
    }
    const bytes = Buffer.allocUnsafe(end);
    for (let index = 0; index < outputs.length; index++) {
      const output = outputs[index];
      if (output !== undefined) bytes.set(output, ends[index]! - output.length);
    }
    return { bytes, ends, success: this.#success, messages: this.#messages, errors: this.#errors };
  }
}

/** Unpacks the answers of one block. */
class Listener implements BlockListener {
  readonly #collector: Collector;
  readonly #lane: Lane;
  readonly #firstIndex: number;
  readonly #keeps: 'nothing' | 'bytes';

  constructor(collector: Collector, lane: Lane, firstIndex: number, keeps: 'nothing' | 'bytes') {
    this.#collector = collector;
    this.#lane = lane;
    this.#firstIndex = firstIndex;
    this.#keeps = keeps;
  }

  done({ from, count, output }: BlockPiece): void {
    const bytes = this.#keeps === 'bytes' ? Buffer.from(output) : output;
    const collector = this.#collector;
    const cursor = new AnswerCursor(bytes);
    const first = this.#firstIndex + from;
    for (let record = 0; record < count; record++) {
      cursor.next();
      if (cursor.kind === AnswerKind.error) collector.failed(first + record, this.#error(cursor, bytes));
      else collector.answered(first + record, cursor, bytes);
    }
    collector.over(count);
  }

  failed(from: number, count: number, error: PluginError): void {
    for (let record = 0; record < count; record++) this.#collector.failed(this.#firstIndex + from + record, error);
    this.#collector.over(count);
  }

  foreign(): void {}

  withdrawn(): void {}

  #error({ outputAt, outputEnd }: AnswerCursor, bytes: Buffer): PluginError {
    const { version, definition } = this.#lane;
    const error = fromWire(JSON.parse(bytes.toString('utf8', outputAt, outputEnd)));
    return error.with({ plugin: definition.plugin, version, began: true });
  }
}

/** Runs requests, in as few blocks as they fit into. */
export function processMany(requests: readonly ProcessRequest[], target: ManyTarget): Promise<ProcessManyResult[]> {
  return new Promise((resolve) => {
    if (requests.length === 0) resolve([]);
    const results = new Results(requests.length, resolve);
    const packer = new Packer(results, target, 'nothing');
    for (let index = 0; index < requests.length; index++) packer.add(index, requests[index]!);
    packer.flush();
  });
}

/** Runs packed requests. */
export function processPacked({ bytes, ends }: PackedRequests, target: ManyTarget): Promise<PackedResults> {
  return new Promise((resolve) => {
    const results = new Packed(ends.length, resolve);
    if (ends.length === 0) results.over(0);
    const packer = new Packer(results, target, 'bytes');
    for (let index = 0, start = 0; index < ends.length; index++) {
      packer.addBytes(index, bytes, start, ends[index]!);
      start = ends[index]!;
    }
    packer.flush();
  });
}

/** Packs requests into blocks and hands these over. */
class Packer {
  readonly #collector: Collector;
  readonly #target: ManyTarget;
  readonly #keeps: 'nothing' | 'bytes';
  readonly #longest: number;
  readonly #bytes: Buffer;
  #end = 0;
  #first = 0;
  #count = 0;

  constructor(collector: Collector, target: ManyTarget, keeps: 'nothing' | 'bytes') {
    this.#collector = collector;
    this.#target = target;
    this.#keeps = keeps;
    this.#longest = target.scheduler.longestBlock;
    scratch ??= Buffer.allocUnsafeSlow(BLOCK_INPUT_BYTES);
    this.#bytes = scratch;
  }

  add(index: number, request: ProcessRequest): void {
    let input: string;
    let options: ReturnType<typeof resolveRequestOptions>;
    try {
      input = resolveInput(request);
      options = resolveRequestOptions(request.options);
    } catch (error) {
      this.flush();
      this.#collector.failed(index, error as PluginError);
      this.#collector.over(1);
      return;
    }
    if (this.#takes(index, mostBytes(input, options))) this.#end = packRequest(this.#bytes, this.#end, input, options);
    else this.#alone(index, { input, options });
  }

  addBytes(index: number, from: Uint8Array, start: number, end: number): void {
    if (this.#takes(index, REQUEST_WORDS * 4 + end - start + 3)) {
      this.#end = packBytes(this.#bytes, this.#end, from, start, end);
    } else this.#alone(index, { input: Buffer.from(from.subarray(start, end)).toString('utf8') });
  }

  /** Hands over what is packed. */
  flush(): void {
    if (this.#count === 0) return;
    const source = new PackedSource(Buffer.from(this.#bytes.subarray(0, this.#end)), this.#count, this.#first);
    const { scheduler, lane, options } = this.#target;
    const listener = new Listener(this.#collector, lane!, this.#first, this.#keeps);
    this.#count = 0;
    this.#end = 0;
    scheduler.submitBlock(lane!, new Block(source, listener), options);
  }

  /** Makes room for a request of so many bytes; false when no block can take it. */
  #takes(index: number, bytes: number): boolean {
    if (this.#target.lane === undefined) return false;
    if (this.#end + bytes > BLOCK_INPUT_BYTES || this.#count >= this.#longest) this.flush();
    if (bytes > BLOCK_INPUT_BYTES) return false;
    if (this.#count === 0) this.#first = index;
    this.#count++;
    return true;
  }

  #alone(index: number, request: ProcessRequest): void {
    this.flush();
    const collector = this.#collector;
    this.#target.submit(request, {
      resolve(response) {
        collector.responded(index, response);
        collector.over(1);
      },
      reject(error) {
        collector.failed(index, error);
        collector.over(1);
      },
    });
  }
}
