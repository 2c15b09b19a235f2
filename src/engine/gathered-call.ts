import { Buffer } from 'node:buffer';
import { outputLimit } from '../canonical-abi/glue.ts';
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
import type { GatheredRecord, RecordHolder } from './gathered-record.ts';

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
  readonly scheduler: Pick<Scheduling, 'submit' | 'outstanding' | 'longestCall'>;
  readonly lane: Lane;
  readonly size: CallSize;
  readonly idempotent: boolean;
  /** @throws {PluginError} for records that do not fit the function. */
  readonly prepare: (records: readonly GatheredRecord[]) => PreparedCall;
}

/** What a call has: records as they were asked for, what is left of another call, or half of one that failed. */
type Share = 'new' | 'rest' | 'half';

/** One call of `process-batch`, and what becomes of its records. */
export class GatheredCall implements JobListener, RecordHolder {
  readonly #target: CallTarget;
  readonly #records: readonly GatheredRecord[];
  readonly #share: Share;
  /** Records that were not given up. */
  #open: number;
  #job: Job | undefined;
  #ranMs: number | undefined;
  #looks: 'no' | 'soon' = 'no';
  /** Taken back because of records that were given up: the others go in another call. */
  #fate: 'own' | 'taken back' = 'own';

  private constructor(target: CallTarget, records: readonly GatheredRecord[], share: Share) {
    this.#target = target;
    this.#records = records;
    this.#open = records.length;
    this.#share = share;
  }

  /** Calls with those of the records that still have to run. */
  static send(target: CallTarget, records: readonly GatheredRecord[], share: Share = 'new'): void {
    const open = records.filter((record) => record.isOpen);
    if (open.length > 0) new GatheredCall(target, open, share).#send();
  }

  #send(): void {
    const { scheduler, lane, prepare } = this.#target;
    const records = this.#records;
    const { priority, requestId } = records[0]!.options;
    // What was taken in once is not refused.
    const whenFull = this.#share === 'new' ? records[0]!.options.whenFull : 'wait';
    for (const record of records) record.holder = this;
    try {
      const options = {
        ...(priority !== undefined && { priority }),
        ...(whenFull !== undefined && { whenFull }),
        ...(requestId !== undefined && records.length === 1 && { requestId }),
      };
      this.#job = scheduler.submit(lane, '', [], options, ({ ranMs }) => this.#ran(ranMs), this, prepare(records));
      this.#job.carried = { records: records.map(({ request }) => request), isHalf: this.#share === 'half' };
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
    const { size } = this.#target;
    const records = this.#records;
    const job = this.#job!;
    const responses = job.takeValue() as PluginResponse[];
    // The books are of records.
    job.lane.metrics.answered--;
    try {
      assertOneEach(responses, records.length);
    } catch (error) {
      this.#failed(this.#told(error as PluginError));
      return;
    }
    const units = responses.reduce((sum, response) => sum + bytesOfAnswer(response) / 2, 0);
    if (this.#ranMs !== undefined) size.ran(records.length, this.#ranMs, units);
    for (const [index, record] of records.entries()) this.#answer(record, responses[index]!);
  }

  #answer(record: GatheredRecord, { output, success, errorMessage }: PluginResponse): void {
    const response = errorMessage === undefined ? { output, success } : { output, success, errorMessage };
    const { scheduler, lane } = this.#target;
    const { outstanding } = scheduler;
    const refusal = overOutputLimit(response, lane.definition.policy.maxOutputBytes);
    if (refusal !== undefined) {
      record.reject(this.#told(refusal), this.#ranEach);
      return;
    }
    const bytes = bytesOfAnswer(response);
    if (outstanding.deliver(response, bytes)) record.resolve(response, this.#ranEach);
    else record.reject(this.#told(new PluginError(...outstanding.refusal('The answer', bytes))), this.#ranEach);
  }

  /** An error that is found out after the call has returned. */
  #told(error: PluginError): PluginError {
    const { plugin, version } = this.#target.lane;
    return error.with({ plugin, version, began: true });
  }

  reject(error: PluginError): void {
    const { scheduler, lane: own } = this.#target;
    const { lane } = this.#job ?? this.#target;
    lane.metrics.errors.uncount(error.code);
    if (this.#fate === 'taken back' && error.code === 'ERR_ABORTED') {
      GatheredCall.send(this.#target, this.#records, 'rest');
      return;
    }
    // What stands in for the plugin takes one at a time.
    if (lane !== own && error.code === 'ERR_INVALID_ARGUMENT') {
      for (const record of this.#records)
        record.goAlone(({ input, options }, ...others) => scheduler.submit(own, input, options, ...others));
      return;
    }
    this.#failed(this.#share === 'half' ? error.with({ began: true }) : error);
  }

  #failed(error: PluginError): void {
    const records = this.#records;
    const { idempotent, size } = this.#target;
    const isOfOne = error.began !== false && records.length > 1 && OF_A_RECORD.has(error.code);
    if (isOfOne && this.#share !== 'half') size.failed(records.length);
    if (isOfOne && idempotent) {
      const half = Math.ceil(records.length / 2);
      GatheredCall.send(this.#target, records.slice(0, half), 'half');
      GatheredCall.send(this.#target, records.slice(half), 'half');
      return;
    }
    const told = isOfOne ? ofAll(error, records.length) : error;
    for (const record of records) record.reject(told, this.#ranEach);
  }

  get hasBegun(): boolean {
    if (this.#share === 'half') return true;
    const job = this.#job;
    // What another process does with it nobody here knows.
    return job?.state === 'sent' && (job.batch === undefined || job.batch.ranMs(job) !== undefined);
  }

  givenUp(): void {
    this.#open--;
    if (this.#open === 0) this.#takeBack();
    if (this.#open === 0 || this.#looks === 'soon') return;
    this.#looks = 'soon';
    // Of many that are given up in one turn, all have been when this looks.
    nextTick(() => {
      this.#looks = 'no';
      this.#takeBack();
    });
  }

  #takeBack(): void {
    const job = this.#job;
    if (job === undefined || job.state === 'settled') return;
    // A call that may have begun goes on for the sake of the others.
    if (this.#open > 0 && job.state === 'sent' && job.batch?.recall(job) !== true) return;
    this.#fate = 'taken back';
    job.aborted(GIVEN_UP);
  }
}

/** Of one answer of many, which the plugin's own ABI bounds only together. */
function overOutputLimit(
  { output, errorMessage = '' }: PluginResponse,
  maxOutputBytes: number,
): PluginError | undefined {
  // Three bytes for a unit at the most.
  if (3 * (output.length + errorMessage.length) <= maxOutputBytes) return undefined;
  const bytes = Buffer.byteLength(output) + Buffer.byteLength(errorMessage);
  return bytes > maxOutputBytes ? outputLimit(bytes, maxOutputBytes) : undefined;
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
