import { clearTimeout, setTimeout } from 'node:timers';
import { invalidArgument, nonEmptyString } from '../arguments/arguments.ts';
import type { ArtifactSummary } from '../artifact/artifact.ts';
import type { BindingPlan } from '../canonical-abi/plan/plan.ts';
import type { FunctionCall, SessionReturn } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import type { Scheduling } from '../registry/executor.ts';
import { exportedFunction } from '../request/exported-function.ts';
import { namedCall, pack } from '../request/function-call.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { checkProcessOptions } from '../request/request.ts';
import type { Job } from '../scheduler/job.ts';
import type { Lane } from '../scheduler/lane.ts';
import { CLOSED, type Ending, idle, lostBy, outlived } from './endings.ts';
import { Handles } from './handles.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { PluginSession } from './plugin-session.ts';
import { SessionExports, type SessionObject } from './session-object.ts';

/** A session: a lane of its own, with one instance at its end. */
export class Session implements PluginSession {
  readonly plugin: string;
  readonly version: string;
  /** Bytes that its instance can grow to. */
  readonly maxBytes: number;
  readonly #scheduler: Scheduling;
  readonly #lane: Lane;
  readonly #functions: ArtifactSummary['functions'];
  readonly #exports: SessionExports;
  readonly #handles = new Handles();
  readonly #options: ResolvedSessionOptions;
  readonly #onGone: (session: Session) => void;
  #ending: Ending | undefined;
  #gone: Promise<void> | undefined;
  /** Calls that are not settled. */
  #calls = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #lifeTimer: NodeJS.Timeout | undefined;

  /** @param onGone Hears when its instance is gone. */
  constructor(
    scheduler: Scheduling,
    lane: Lane,
    { functions }: Pick<ArtifactSummary, 'functions'>,
    plan: BindingPlan,
    options: ResolvedSessionOptions,
    onGone: (session: Session) => void,
  ) {
    this.plugin = lane.plugin;
    this.version = lane.version;
    this.maxBytes = lane.holds.bytes;
    this.#scheduler = scheduler;
    this.#lane = lane;
    this.#functions = functions;
    this.#options = options;
    this.#onGone = onGone;
    this.#exports = new SessionExports(
      functions,
      plan,
      (path, args, called) => this.call(path, args, called),
      (object) => this.drop(object),
    );
  }

  get state(): 'open' | 'ended' {
    return this.#ending === undefined ? 'open' : 'ended';
  }

  get resources(): number {
    return this.#handles.size;
  }

  /** Makes the instance. @throws {PluginError} what kept it from coming up; the session has ended then. */
  async start(): Promise<void> {
    const { signal, deadlineMs, maxMs } = this.#options;
    const giveUp = (code: 'ERR_ABORTED' | 'ERR_DEADLINE', message: string, cause?: unknown): void =>
      this.#scheduler.abandon(this.#lane, (job) => job.error(code, message, { cause }));
    const onAbort = (): void => giveUp('ERR_ABORTED', 'The opening of the session was aborted', signal?.reason);
    const onDeadline = (): void => giveUp('ERR_DEADLINE', `The session was not open after ${deadlineMs} ms`);
    const timer = deadlineMs === undefined ? undefined : setTimeout(onDeadline, deadlineMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const prepared = this.#scheduler.prepare(this.#lane);
      if (signal?.aborted) onAbort();
      await prepared;
      this.#assertOpen();
      this.#lifeTimer = setTimeout(() => void this.end(outlived(maxMs), 'now'), maxMs).unref();
      this.#rest();
    } catch (error) {
      void this.end(this.#ending ?? CLOSED, 'now');
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  call(path: string, args: readonly unknown[], options: Omit<ProcessOptions, 'version'> = {}): Promise<unknown> {
    // Not an async function: calls that are made together go to their worker together.
    try {
      this.#assertOpen();
      this.#checkOptions(options);
      const func = exportedFunction(this.#functions, nonEmptyString('path', path));
      const { interface: owner, name, returns, params } = func;
      if (!Array.isArray(args) || args.length !== params.length)
        throw invalidArgument('args', `an array of ${params.length} arguments`, args);
      const packed = pack({ args, handles: this.#handles.among(args) });
      return this.#run(func.path, { interface: owner, name, returns, args: packed, session: 'call' }, options);
    } catch (error) {
      return Promise.reject(this.#named(error));
    }
  }

  exports<Exports>(): SessionObject<Exports> {
    return this.#exports.object as SessionObject<Exports>;
  }

  async drop(resource: object): Promise<void> {
    this.#assertOpen();
    const number = this.#numberOf(resource);
    // At once: what is called after this must not get it any more.
    this.#handles.letGo(number);
    await this.#run('drop', { name: 'drop', returns: 'value', args: pack({ numbers: [number] }), session: 'drop' }, {});
  }

  close(): Promise<void> {
    return this.end(CLOSED, 'when done');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  [Symbol.dispose](): void {
    void this.close();
  }

  /**
   * Ends it. The first ending is what its callers hear of.
   *
   * @param calls What becomes of those that run: they are finished, or fail.
   */
  end(ending: Ending, calls: 'when done' | 'now'): Promise<void> {
    this.#ending ??= ending;
    clearTimeout(this.#idleTimer);
    if (calls === 'now') this.#scheduler.abandon(this.#lane, (job) => this.#endedError(job));
    this.#gone ??= this.#leave();
    return this.#gone;
  }

  async #leave(): Promise<void> {
    try {
      await this.#scheduler.drain(this.#lane);
      await this.#scheduler.close(this.#lane);
    } finally {
      clearTimeout(this.#lifeTimer);
      this.#onGone(this);
    }
  }

  async #run(path: string, func: FunctionCall, options: ProcessOptions): Promise<unknown> {
    this.#calls++;
    clearTimeout(this.#idleTimer);
    try {
      const returned = await this.#scheduler.call(this.#lane, namedCall(path, func), options);
      this.#handles.settle(returned as SessionReturn, (type) => this.#exports.prototypeOf(type));
      return (returned as SessionReturn).value;
    } catch (error) {
      throw this.#failed(error as PluginError);
    } finally {
      this.#calls--;
      this.#rest();
    }
  }

  /** A call has failed: what had begun has cost the instance, but for arguments that it was not given. */
  #failed(error: PluginError): PluginError {
    const { code, began } = error;
    if (code === 'ERR_SESSION_ENDED' && this.#ending !== undefined) return this.#endedError(undefined, error.requestId);
    if (code === 'ERR_SESSION_ENDED' || (began === true && code !== 'ERR_INVALID_ARGUMENT')) {
      void this.end(lostBy(error), 'now');
    }
    return error;
  }

  /** Nothing runs: it may be left alone for so long. */
  #rest(): void {
    if (this.#calls > 0 || this.#ending !== undefined) return;
    const { idleMs } = this.#options;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.end(idle(idleMs), 'when done'), idleMs).unref();
  }

  #checkOptions(options: ProcessOptions): void {
    checkProcessOptions(options);
    if (options.version === undefined) return;
    throw new PluginError('ERR_INVALID_ARGUMENT', 'A call in a session has no `version`', {
      hint: 'Give `version` to `engine.session`: it is on one version until it ends.',
    });
  }

  #numberOf(resource: object): number {
    try {
      return this.#handles.numberOf(resource);
    } catch (error) {
      throw this.#named(error);
    }
  }

  /** Its own errors say whose they are, as those do that come from the scheduler. */
  #named(error: unknown): unknown {
    if (!(error instanceof PluginError) || error.plugin !== undefined) return error;
    return error.with({ plugin: this.plugin, version: this.version });
  }

  #assertOpen(): void {
    if (this.#ending !== undefined) throw this.#endedError();
  }

  #endedError(job?: Job, requestId?: string): PluginError {
    const { message, ...details } = this.#ending!;
    if (job !== undefined) return job.error('ERR_SESSION_ENDED', message, details);
    return new PluginError('ERR_SESSION_ENDED', message, {
      ...details,
      plugin: this.plugin,
      version: this.version,
      requestId,
    });
  }
}
