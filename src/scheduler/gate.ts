import type { RequestOptions } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';

/** A request as its plugin has it. */
export interface Request {
  readonly input: string;
  readonly options: RequestOptions;
}

/** A call that has requests for its records. */
export interface Carried {
  readonly records: readonly Request[];
  /** Half of a call that failed: its failure is not another one. */
  readonly isHalf: boolean;
}

/** What comes to a gate: a job. */
export interface Applicant<Lane> {
  /** `prepare` makes an instance ahead of requests. */
  readonly kind: 'process' | 'prepare' | 'block';
  readonly requestId: string;
  readonly input: string;
  readonly options: RequestOptions;
  /** The requests that it carries, if it is a call of several. */
  readonly carried?: Carried | undefined;
  /** Whether a worker has begun it. */
  readonly began: boolean;
  /** Another lane takes it. */
  moveTo(lane: Lane): void;
}

/** What stands before a lane whose plugin has a failure policy. */
export interface Gate<Lane> {
  /** `closed` while requests pass as ever. */
  readonly circuit: 'closed' | 'open' | 'half-open';
  /** The error with which any request would be refused now. */
  readonly refusal: PluginError | undefined;
  /**
   * Decides about a request before it is queued: lets it pass, moves it to another lane that takes it instead, or
   * says with what it is refused.
   *
   * @param detours Whether another lane may take it. @default 'one'
   */
  admit(job: Applicant<Lane>, detours?: 'one' | 'none'): PluginError | undefined;
  /** The error with which a request is refused for what it is, before it goes together with others. */
  refusalOf(request: Request, requestId: string | undefined): PluginError | undefined;
  /** A job of the lane is settled. */
  settled(job: Applicant<Lane>, error: PluginError | undefined): void;
  /** A worker was ended, or has died, with this job running. */
  killed(job: Applicant<Lane>, error: PluginError): void;
}
