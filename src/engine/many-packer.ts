import { Buffer } from 'node:buffer';
import { AnswerCursor, AnswerKind, mostBytes, packBytes, packRequest, REQUEST_WORDS } from '../block/packed.ts';
import { PackedSource } from '../block/packed-source.ts';
import { fromWire, type PluginError } from '../errors.ts';
import { BLOCK_INPUT_BYTES } from '../pool/block-area.ts';
import type { Abortable } from '../request/abort.ts';
import type { ProcessManyOptions } from '../request/many.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../request/request.ts';
import { Block, type BlockListener, type BlockPiece } from '../scheduler/block.ts';
import type { JobListener } from '../scheduler/job.ts';
import type { Lane } from '../scheduler/lane.ts';
import { bytesOfAnswer } from '../scheduler/outstanding-bytes.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { Collector } from './many-results.ts';

/** Where many requests go. */
export interface ManyTarget {
  readonly scheduler: Pick<Scheduler, 'submitBlock' | 'longestBlock' | 'outstanding'>;
  /** Undefined where each request has to be looked at by itself: for a canary, a failure policy, an observer. */
  readonly lane: Lane | undefined;
  readonly options: ProcessManyOptions;
  /** Runs one request that no block can take. */
  readonly submit: (request: ProcessRequest, listener: JobListener) => Abortable | undefined;
}

/** Blocks are packed here, one at a time, and copied when it is known how long they are. */
let scratch: Buffer | undefined;

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
      const index = first + record;
      if (cursor.kind === AnswerKind.error) {
        collector.failed(index, this.#error(cursor, bytes));
        continue;
      }
      const length = cursor.messageEnd - cursor.outputAt;
      const refusal = collector.keep(this.#keeps === 'bytes' ? length : 2 * length);
      if (refusal === undefined) collector.answered(index, cursor, bytes);
      else collector.failed(index, this.#of(refusal));
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
    return this.#of(fromWire(JSON.parse(bytes.toString('utf8', outputAt, outputEnd))));
  }

  #of(error: PluginError): PluginError {
    const { version, definition } = this.#lane;
    return error.with({ plugin: definition.plugin, version, began: true });
  }
}

/** Packs requests into blocks and hands these over. */
export class ManyPacker implements Abortable {
  readonly #collector: Collector;
  readonly #target: ManyTarget;
  readonly #keeps: 'nothing' | 'bytes';
  readonly #longest: number;
  readonly #bytes: Buffer;
  /** What was handed over. */
  readonly #under: Abortable[] = [];
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
    const block = new Block(source, listener);
    this.#under.push(block);
    scheduler.submitBlock(lane!, block, options);
  }

  /** Aborts what was handed over. */
  aborted(signal: AbortSignal): void {
    for (const under of this.#under) under.aborted(signal);
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
    const job = this.#target.submit(request, {
      resolve(response) {
        const refusal = collector.keep(bytesOfAnswer(response));
        if (refusal === undefined) collector.responded(index, response);
        else collector.failed(index, refusal);
        collector.over(1);
      },
      reject(error) {
        collector.failed(index, error);
        collector.over(1);
      },
    });
    if (job !== undefined) this.#under.push(job);
  }
}
