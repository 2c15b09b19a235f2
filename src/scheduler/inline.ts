import type { PluginMetadata, PluginResponse, RequestOptions } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';
import type { PreparedCall } from '../request/function-call.ts';
import type { RanElsewhere } from './ran-elsewhere.ts';

/** What runs on the thread that asks for it: a job. */
export interface Errand {
  /** `prepare` makes an instance ahead of requests. */
  readonly kind: 'process' | 'prepare' | 'block';
  readonly requestId: string;
  readonly input: string;
  readonly options: RequestOptions;
  readonly call: PreparedCall | undefined;
  began: boolean;
  elsewhere: RanElsewhere | undefined;
  value: unknown;
  error(...details: ConstructorParameters<typeof PluginError>): PluginError;
  resolve(value: PluginResponse | PluginMetadata | undefined): void;
  reject(error: PluginError): void;
}

/** Where the requests of a lane run on the thread that asks for them, if its plugin is placed there. */
export interface Inline {
  /** `moved` once its requests go to workers for good. */
  readonly state: 'inline' | 'moved';
  /** Whether a request that comes now runs here; else it is for a worker. */
  readonly takes: boolean;
  /** Runs a job, and settles it before this returns. */
  run(job: Errand): void;
  /**
   * The same without a job, for a request that passes no gate and that nobody observes.
   *
   * @throws {PluginError} that the job would have been rejected with.
   */
  answer(input: string, options: RequestOptions): PluginResponse;
  /** When a request came last, on the clock of `performance.now()`. */
  readonly usedAt: number;
  /** Ends the instance, and gives back what it held; a request that comes after that gets another one. */
  close(how: 'shutdown' | 'at once'): void;
}
