import { Buffer } from 'node:buffer';
import type { PluginResponse } from '../contract/values.ts';
import { type PluginError, toWire } from '../errors.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';
import type { ResolvedRecord } from './options.ts';
import { FORMAT, isRecording, LEFT_OUT, type Recording } from './recording.ts';
import type { HostCallEntry, TapeMessage } from './tape.ts';

/** Whose requests they are. */
export interface Recorded {
  readonly plugin: string;
  readonly sha256: string;
  readonly policy: ResolvedPolicy;
  readonly config: Readonly<Record<string, string>>;
}

/** A request, as its lane has it. */
interface Request {
  readonly kind: string;
  readonly requestId: string;
  readonly input: string;
  readonly options: Recording['request']['options'];
  readonly call: unknown;
  /** Whether it came to a thread. */
  readonly began: boolean;
  readonly lane: { readonly version: string };
}

/** What is known of a request that is not over. */
interface Notes {
  served?: number;
  start: readonly HostCallEntry[];
  readonly calls: HostCallEntry[];
  gap?: string;
}

/** Why there are no calls of a request that was with a thread: its instance did not come up, or nobody heard of it. */
const NOT_TOLD = 'its instance did not come up, or could not tell of them';

/** Makes recordings of the requests to one version of a plugin, and gives those that are wanted to who keeps them. */
export class Recorder {
  readonly #recorded: Recorded;
  readonly #options: Pick<ResolvedRecord, 'when' | 'leaveOut' | 'redact'>;
  readonly #keep: (recording: Recording) => void;
  /** Told of an error of the embedder's functions, which are no reason to fail a request. */
  readonly #onError: (error: unknown, version: string) => void;
  readonly #notes = new WeakMap<object, Notes>();

  constructor(
    recorded: Recorded,
    options: Pick<ResolvedRecord, 'when' | 'leaveOut' | 'redact'>,
    keep: (recording: Recording) => void,
    onError: (error: unknown, version: string) => void,
  ) {
    this.#recorded = recorded;
    this.#options = options;
    this.#keep = keep;
    this.#onError = onError;
  }

  heard(job: Request, text: string): void {
    const message = JSON.parse(text) as TapeMessage;
    // A request that was put back begins anew, on another instance.
    if (message.kind === 'begins') {
      const { start, served, gap } = message;
      this.#notes.set(job, { start, served, calls: [], ...(gap !== undefined && { gap }) });
      return;
    }
    const notes = this.#notes.get(job);
    if (notes === undefined) return;
    if (message.kind === 'call') notes.calls.push(message.entry);
    else notes.gap ??= message.why;
  }

  ended(job: Request, response: PluginResponse | undefined, error: PluginError | undefined): void {
    if (job.kind !== 'process' || job.call !== undefined) return;
    const { when, redact } = this.#options;
    const failed = error !== undefined || response?.success === false;
    if (when === 'failures' && !failed) return;
    try {
      const recording = this.#recording(job, response, error);
      if (typeof when === 'function' && !when(recording)) return;
      const kept: unknown = redact(recording);
      // Nothing that was not asked for gets into a file because a `return` is missing.
      if (!isRecording(kept)) throw new TypeError('`redact` has to return a recording');
      this.#keep(kept);
    } catch (thrown) {
      this.#onError(thrown, job.lane.version);
    }
  }

  #recording(job: Request, response: PluginResponse | undefined, error: PluginError | undefined): Recording {
    const { plugin, sha256, policy, config } = this.#recorded;
    const { requestId, input, options, lane } = job;
    const leftOut = Object.keys(config).filter((name) => this.#options.leaveOut.has(name));
    const nothing: Notes = { start: [], calls: [], ...(job.began && { gap: NOT_TOLD }) };
    const { served, start, calls, gap } = this.#notes.get(job) ?? nothing;
    return {
      format: FORMAT,
      time: new Date().toISOString(),
      plugin,
      version: lane.version,
      sha256,
      // Copies: `redact` may write into what it is given, and the answer is still to be delivered.
      policy: structuredClone(policy),
      config: { ...config, ...Object.fromEntries(leftOut.map((name) => [name, LEFT_OUT])) },
      leftOut,
      request: { requestId, input, options: options.map(([name, value]) => [name, value]) },
      ...(served !== undefined && { served }),
      start,
      calls,
      ...(gap !== undefined && { gap }),
      outcome: error === undefined ? { response: { ...response! } } : { error: toWire(error) },
    };
  }
}

/** A recording as text of so many bytes at the most: without its calls, where it has more; undefined where that is not enough. */
export function textOf(recording: Recording, maxBytes: number): string | undefined {
  // Not made only to be seen to be too long.
  if (recording.request.input.length > maxBytes) return undefined;
  const text = `${JSON.stringify(recording)}\n`;
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const { gap: _, ...whole } = recording;
  const short = `${JSON.stringify({ ...whole, start: [], calls: [], gap: `they do not fit into ${maxBytes} bytes` })}\n`;
  return Buffer.byteLength(short) <= maxBytes ? short : undefined;
}
