import type { PluginResponse } from '../../contract/values.ts';
import type { PluginError } from '../../errors.ts';
import type { Job, JobListener } from '../../scheduler/job.ts';
import type { Outcome } from '../wire/results.ts';

/** Where replies go. */
export interface ReplyTo {
  settled(reply: Reply, outcome: Outcome): void;
}

/** Hears how a request of the host's ends. */
export class Reply implements JobListener {
  readonly request: number;
  readonly lane: number;
  /** Whether it is a call, whose value is with the job. */
  readonly #kind: 'process' | 'call';
  readonly #to: ReplyTo;
  job: Job | undefined;
  /** Whether a thread was ended, or died, with it. */
  killed = false;

  constructor(request: number, lane: number, kind: 'process' | 'call', to: ReplyTo) {
    this.request = request;
    this.lane = lane;
    this.#kind = kind;
    this.#to = to;
  }

  resolve(response: PluginResponse): void {
    const returned = this.#kind === 'call';
    this.#to.settled(
      this,
      returned ? { kind: 'returned', value: this.job!.value, bytes: 0 } : { kind: 'answered', response },
    );
  }

  reject(error: PluginError): void {
    this.#to.settled(this, { kind: 'failed', error, began: error.began ?? false, killed: this.killed });
  }
}
