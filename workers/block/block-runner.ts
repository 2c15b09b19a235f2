import { performance } from 'node:perf_hooks';
import { SideKind } from '../../src/block/side.ts';
import type { BlockRecipe } from '../../src/block/source.ts';
import type { ResponseSink } from '../../src/canonical-abi/runtime/contract.ts';
import { type PluginError, toWire } from '../../src/errors.ts';
import type { PluginInstance } from '../../src/instance/plugin-instance.ts';
import type { ControlPage } from '../../src/instrumentation/control-page.ts';
import type { BlockArea } from '../../src/pool/block-area.ts';
import type { ThreadStatus } from '../../src/pool/thread-status.ts';
import type { WorkerMailbox } from '../../src/pool/worker-mailbox.ts';
import { Killed, type Residents } from '../residents.ts';
import type { BlockCodec } from './codec.ts';
import { LineCodec } from './line-codec.ts';
import { unpackOptions } from './option-texts.ts';
import { PackedCodec } from './packed-codec.ts';
import { Region } from './region.ts';
import { note } from './side-notes.ts';

/** Milliseconds after which a worker gives a block back that takes longer than was thought, so that others get their turn. */
const PAUSE_MS = 10;

/** Sends what the area has no room for of a record's result, and of what there is to say beside it. */
type PostTail = (output: Uint8Array, side: Uint8Array) => void;

/** Runs the records of blocks, one after the other. */
export class BlockRunner {
  readonly #area: BlockArea;
  readonly #mailbox: WorkerMailbox;
  readonly #status: ThreadStatus;
  readonly #control: ControlPage;
  readonly #residents: Residents;
  readonly #postTail: PostTail;
  /** Milliseconds from this thread's clock to the main thread's. */
  readonly #toMain: number;
  readonly #output: Region;
  readonly #side: Region;
  readonly #packed: PackedCodec;
  #codec: BlockCodec;
  #outcome: 'success' | 'refused' | 'failed' = 'success';

  constructor(
    area: BlockArea,
    mailbox: WorkerMailbox,
    status: ThreadStatus,
    control: ControlPage,
    residents: Residents,
    toMain: number,
    postTail: PostTail,
  ) {
    this.#area = area;
    this.#mailbox = mailbox;
    this.#status = status;
    this.#control = control;
    this.#residents = residents;
    this.#toMain = toMain;
    this.#postTail = postTail;
    this.#output = new Region(area.output);
    this.#side = new Region(area.side);
    this.#packed = new PackedCodec(area, this.#output);
    this.#codec = this.#packed;
  }

  /** Takes note of how blocks are read from now on. */
  learn(recipe: BlockRecipe): void {
    this.#codec = recipe.kind === 'packed' ? this.#packed : new LineCodec(this.#area, recipe, this.#output, this.#side);
  }

  /**
   * Runs the block that lies in the area, as far as it gets.
   *
   * @throws {Killed} when the main thread gave up the record that ran, and is ending the thread for it.
   */
  run(definition: number, start: number): void {
    const area = this.#area;
    const mailbox = this.#mailbox;
    const status = this.#status;
    const residents = this.#residents;
    const codec = this.#codec;
    const output = this.#output;
    const side = this.#side;
    const tally = residents.tally(definition);
    const { count } = area;
    tally?.batchSize.record(count);
    output.reset();
    side.reset();
    codec.begin();
    let succeeded = 0;
    let refused = 0;
    let failed = 0;
    let now = start;
    for (let index = 0; index < count; index++) {
      if (!area.hasRoom(output.end, side.end)) break;
      const kind = codec.next();
      if (kind === 'foreign') {
        area.stopAtForeign();
        break;
      }
      if (!area.claim(index)) break;
      // Or the watchdog would take it for the call before, of which it may have seen enough.
      status.enter('idle');
      const begunAt = now;
      const waited = mailbox.begun(0, begunAt + this.#toMain);
      // All records share one slot: what the one before noted there would pass for this one's end.
      mailbox.ended(0, 0);
      if (kind === 'run') this.#one(definition);
      else {
        codec.refuse();
        note(side, SideKind.code, 'ERR_INVALID_ARGUMENT');
        this.#outcome = 'failed';
      }
      now = performance.now();
      mailbox.ended(0, now + this.#toMain);
      if (kind === 'run') {
        tally?.queueWait.record(waited);
        tally?.duration.record(now - begunAt);
      }
      if (this.#outcome === 'success') succeeded++;
      else if (this.#outcome === 'refused') refused++;
      else failed++;
      const { overflow } = output;
      const hasTail = overflow !== undefined || side.overflow !== undefined;
      if (hasTail) {
        this.#postTail(overflow ?? NOTHING, side.overflow ?? NOTHING);
        area.putTail(index);
      }
      const next = area.finish(index, output.end, side.end, succeeded, refused, failed);
      if (next === 'killed' && this.#control.settle() === 'ended') throw new Killed();
      if (kind === 'run' && residents.served(definition) === 'ended') {
        if (index + 1 < count) residents.dropped.settle();
        now = performance.now();
      }
      if (next !== 'next' || hasTail || now - start >= PAUSE_MS) break;
    }
  }

  #one(definition: number): void {
    const outputAt = this.#output.end;
    const sideAt = this.#side.end;
    try {
      const response = this.#residents.call(definition, 'process', this.#process);
      if (response !== undefined) {
        this.#outcome = response.success ? 'success' : 'refused';
        this.#codec.answer(response);
      }
    } catch (error) {
      // What the guest answered before it failed does not count.
      this.#output.end = outputAt;
      this.#output.overflow = undefined;
      this.#side.end = sideAt;
      this.#side.overflow = undefined;
      this.#outcome = 'failed';
      const wire = toWire(error);
      this.#codec.fail(error as PluginError);
      note(this.#side, SideKind.code, wire.code);
    }
  }

  /** Made once, as what it needs for every record, so that a record leaves nothing behind for the garbage collector. */
  readonly #process = (instance: PluginInstance): ReturnType<PluginInstance['process']> | undefined => {
    const { request } = this.#codec;
    if (instance.takesBytes) {
      instance.processBytes(request, this.#sink);
      return undefined;
    }
    const { bytes, inputAt, inputLength, optionCount } = request;
    const options = unpackOptions(bytes, request.optionsAt, optionCount);
    return instance.process(bytes.toString('utf8', inputAt, inputAt + inputLength), options);
  };

  readonly #sink: ResponseSink = {
    respond: (memory, outputAt, outputLength, success, messageAt, messageLength) => {
      this.#outcome = success ? 'success' : 'refused';
      this.#codec.answerBytes(memory, outputAt, outputLength, success, messageAt, messageLength);
    },
  };
}

const NOTHING = new Uint8Array(0);
