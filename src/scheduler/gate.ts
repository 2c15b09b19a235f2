import type { PluginError } from '../errors.ts';
import type { Job } from './job.ts';

/** What stands before a lane whose plugin has a failure policy. */
export interface Gate {
  /** `closed` while requests pass as ever. */
  readonly circuit: 'closed' | 'open' | 'half-open';
  /** The error with which any request would be refused now. */
  readonly refusal: PluginError | undefined;
  /**
   * Decides about a request before it is queued: lets it pass, sets its lane to another one that takes it instead, or
   * says with what it is refused.
   *
   * @param detours Whether another lane may take it. @default 'one'
   */
  admit(job: Job, detours?: 'one' | 'none'): PluginError | undefined;
  /** A job of the lane is settled. */
  settled(job: Job, error: PluginError | undefined): void;
  /** A worker was ended, or has died, with this job running. */
  killed(job: Job, error: PluginError): void;
}
