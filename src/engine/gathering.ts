import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { nextTick } from '../clock/of-node.ts';
import type { BatchCallOptions } from '../request/batch-calls.ts';
import { CALL_BYTES } from './call-size.ts';
import { type CallTarget, GatheredCall } from './gathered-call.ts';
import type { GatheredRecord } from './gathered-record.ts';

/** Records that wait for others of their kind. */
interface Held {
  records: GatheredRecord[];
  /** When the first of them came. */
  since: number;
  looks: 'no' | 'soon';
  timer: NodeJS.Timeout | undefined;
}

/**
 * Has the requests for one version of a plugin go together. Those of one turn of the event loop do in any case; fewer than
 * `minSize` wait for more, up to `maxWaitMs`.
 */
export class Gathering {
  readonly #target: CallTarget;
  readonly #options: Required<BatchCallOptions>;
  readonly #threads: number;
  readonly #onLeft: () => void;
  /** By what a call has only one of: its priority, and what becomes of it where there is no room. */
  readonly #held = new Map<string, Held>();

  /**
   * @param threads Among which a call's worth of records is shared out.
   * @param onLeft Told when records left that went nowhere.
   */
  constructor(target: CallTarget, options: Required<BatchCallOptions>, threads: number, onLeft: () => void) {
    this.#target = target;
    this.#options = options;
    this.#threads = threads;
    this.#onLeft = onLeft;
    target.lane.flush = () => {
      for (const [key, held] of [...this.#held]) this.#look(key, held, 'none');
    };
  }

  add(record: GatheredRecord): void {
    const { priority = 0, whenFull = '' } = record.options;
    const key = `${priority} ${whenFull}`;
    const held = this.#held.get(key) ?? { records: [], since: performance.now(), looks: 'no', timer: undefined };
    this.#held.set(key, held);
    held.records.push(record);
    this.#target.lane.waiting++;
    record.holder = { hasBegun: false, givenUp: () => this.#lookSoon(key, held) };
    this.#lookSoon(key, held);
  }

  #lookSoon(key: string, held: Held): void {
    if (held.looks === 'soon') return;
    held.looks = 'soon';
    nextTick(() => {
      held.looks = 'no';
      this.#look(key, held);
    });
  }

  /** @param patience `none` when there is nobody to wait for. */
  #look(key: string, held: Held, patience: 'some' | 'none' = 'some'): void {
    if (this.#held.get(key) !== held) return;
    const { minSize, maxWaitMs } = this.#options;
    const { lane } = this.#target;
    const open = held.records.filter((record) => record.isOpen);
    lane.waiting -= held.records.length - open.length;
    held.records = open;
    const left = held.since + maxWaitMs - performance.now();
    if (open.length > 0 && open.length < minSize && left > 0 && patience === 'some') {
      held.timer ??= setTimeout(() => {
        held.timer = undefined;
        this.#look(key, held);
      }, Math.ceil(left));
      return;
    }
    clearTimeout(held.timer);
    this.#held.delete(key);
    for (const records of this.#cut(open)) GatheredCall.send(this.#target, records);
    // Not before they are in the queue, or the plugin would pass for idle.
    lane.waiting -= open.length;
    this.#onLeft();
  }

  /** Shares records out among calls of about the same size. */
  *#cut(records: readonly GatheredRecord[]): Generator<GatheredRecord[]> {
    const { scheduler, size } = this.#target;
    const { minSize } = this.#options;
    const most = Math.min(size.atLeast(minSize), scheduler.longestCall);
    const each = Math.min(most, Math.max(Math.ceil(records.length / this.#threads), minSize));
    const target = Math.ceil(records.length / Math.ceil(records.length / each));
    let call: GatheredRecord[] = [];
    let bytes = 0;
    for (const record of records) {
      if (call.length === target || (call.length > 0 && bytes + record.bytes > CALL_BYTES)) {
        yield call;
        call = [];
        bytes = 0;
      }
      call.push(record);
      bytes += record.bytes;
    }
    if (call.length > 0) yield call;
  }
}
