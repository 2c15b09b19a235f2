import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import type { PluginError } from '../errors.ts';

/** A request that may be recorded: a job. */
interface Recordable {
  readonly kind: 'process' | 'prepare' | 'block';
  readonly requestId: string;
  readonly input: string;
  readonly options: RequestOptions;
  /** The function that it calls instead of `process`. */
  readonly call: unknown;
  readonly began: boolean;
  readonly lane: { readonly version: string };
}

/** Keeps the requests of a lane, with what they asked of their host. */
export interface LaneRecorder {
  /** What the instance of a request tells of its calls; comes before the request ends. */
  heard(job: Recordable, text: string): void;
  /** A request is settled: one of the two is there. */
  ended(job: Recordable, response: PluginResponse | undefined, error: PluginError | undefined): void;
}
