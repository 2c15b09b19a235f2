import { nextTick } from '../clock/of-node.ts';
import { assertOneEach } from '../contract/one-each.ts';
import type { PluginResponse } from '../contract/values.ts';
import { type ErrorCode, LIMIT_CODES, PluginError } from '../errors.ts';
import type { Scheduling } from '../registry/executor.ts';
import type { PreparedCall } from '../request/function-call.ts';
import type { Job, JobListener } from '../scheduler/job.ts';
import type { Lane } from '../scheduler/lane.ts';
import { bytesOfAnswer } from '../scheduler/outstanding-bytes.ts';
import type { CallSize } from './call-size.ts';
import type { GatheredRecord } from './gathered-record.ts';

/** What may be the doing of one record of a call. */
const OF_A_RECORD: ReadonlySet<ErrorCode> = new Set([
  ...LIMIT_CODES,
  'ERR_TRAP',
  'ERR_INVALID_RESPONSE',
  'ERR_HOST_FUNCTION',
  'ERR_WORKER_CRASHED',
]);

/** Where the calls of one version of a plugin go. */
export interface CallTarget {
  readonly scheduler: Pick<Scheduling, 'submit' | 'outstanding' | 'longestBlock'>;
  readonly lane: Lane;
  readonly size: CallSize;
  readonly idempotent: boolean;
  /** @throws {PluginError} for records that do not fit the function. */
  readonly prepare: (records: readonly GatheredRecord[]) => PreparedCall;
}

/** One call of `process-batch`, and what becomes of its records. */
export class GatheredCall implements JobListener {
  readonly #target: CallTarget;
  readonly #records: readonly GatheredRecord[];
  #job: Job | undefined;
  #ranMs: number | undefined;
  #looks: 'no' | 'soon' = 'no';
  /** Taken back because of records that were given up: the others go in another call. */
  #fate: 'own' | 'taken back' = 'own';

  private constructor(target: CallTarget, records: readonly GatheredRecord[]) {
    this.#target = target;
    this.#records = records;
  }

  /** Calls with those of the records that still have to run. */
  static send(target: CallTarget, records: readonly GatheredRecord[]): void {
    const open = records.filter((record) => record.isOpen);
    if (open.length > 0) new GatheredCall(target, open).#send();
  }

  #send(): void {
    const { scheduler, lane, prepare } = this.#target;
    const records = this.#records;
    const { priority, whenFull, requestId } = records[0]!.options;
    for (const record of records) record.onGivenUp = this.#onGivenUp;
    try {
      const options = {
        ...(priority !== undefined && { priority }),
        ...(whenFull !== undefined && { whenFull }),
        ...(requestId !== undefined && records.length === 1 && { requestId }),
      };
      this.#job = scheduler.submit(lane, '', [], options, ({ ranMs }) => this.#ran(ranMs), this, prepare(records));
    } catch (error) {
      for (const record of records) record.reject(error as PluginError);
    }
  }

  #ran(ranMs: number | undefined): void {
    this.#ranMs = ranMs;
  }

  get #ranEach(): number | undefined {
    return this.#ranMs === undefined ? undefined : this.#ranMs / this.#records.length;
  }

  resolve(): void {
    const { lane, size } = this.#target;
    const records = this.#records;
    const responses = this.#job!.takeValue() as PluginResponse[];
    try {
      assertOneEach(responses, records.length);
    } catch (error) {
      lane.metrics.answered--;
      lane.metrics.errors.count('ERR_INVALID_RESPONSE', 1);
      this.reject((error as PluginError).with({ plugin: lane.plugin, version: lane.version, began: true }));
      return;
    }
    lane.metrics.answered += records.length - 1;
    lane.metrics.refused += responses.filter(({ success }) => !success).length;
    const units = responses.reduce((sum, response) => sum + bytesOfAnswer(response) / 2, 0);
    if (this.#ranMs !== undefined) size.ran(records.length, this.#ranMs, units);
    for (const [index, record] of records.entries()) this.#answer(record, responses[index]!);
  }

  #answer(record: GatheredRecord, { output, success, errorMessage }: PluginResponse): void {
    const response = errorMessage === undefined ? { output, success } : { output, success, errorMessage };
    const { outstanding } = this.#target.scheduler;
    const bytes = bytesOfAnswer(response);
    if (outstanding.deliver(response, bytes)) record.resolve(response, this.#ranEach);
    else
      record.reject(new PluginError(...outstanding.refusal('The answer', bytes)).with({ began: true }), this.#ranEach);
  }

  reject(error: PluginError): void {
    const records = this.#records;
    if (this.#fate === 'taken back' && error.code === 'ERR_ABORTED') {
      GatheredCall.send(this.#target, records);
      return;
    }
    const { lane, idempotent } = this.#target;
    const isOfOne = error.began !== false && records.length > 1 && OF_A_RECORD.has(error.code);
    if (isOfOne && idempotent) {
      const half = Math.ceil(records.length / 2);
      GatheredCall.send(this.#target, records.slice(0, half));
      GatheredCall.send(this.#target, records.slice(half));
      return;
    }
    lane.metrics.errors.count(error.code, records.length - 1);
    const told = isOfOne ? ofAll(error, records.length) : error;
    for (const record of records) record.reject(told, this.#ranEach);
  }

  /** Of many that are given up in one turn, all have been when this looks. */
  readonly #onGivenUp = (): void => {
    if (this.#looks === 'soon') return;
    this.#looks = 'soon';
    nextTick(() => {
      this.#looks = 'no';
      const job = this.#job;
      const isLeft = this.#records.some((record) => record.isOpen);
      // A call that may have begun goes on for the sake of the others.
      if (job === undefined || job.state === 'settled' || (isLeft && job.state === 'sent')) return;
      this.#fate = 'taken back';
      job.aborted(GIVEN_UP);
    });
  };
}

const GIVEN_UP: AbortSignal = AbortSignal.abort();

/** The error of a call as each of its records has it. */
function ofAll(error: PluginError, records: number): PluginError {
  const { code, message, cause } = error;
  return new PluginError(code, `${message}, in a call with ${records} records, all of which had begun`, {
    ...error,
    cause,
    hint: 'With `batchCalls: { idempotent: true }` the halves of such a call run again, until the record is found that ends it.',
  });
}
