import { mkdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { PluginError } from '../../errors.ts';
import type { ProcessStatus } from '../../registry/executor.ts';
import type { SchedulerListener } from '../../scheduler/scheduler-options.ts';
import type { HostMessage } from '../wire/messages.ts';
import type { ChildEnd } from './child.ts';
import { gone } from './child-end.ts';
import type { HostLanes } from './host-lanes.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { Passage } from './passage.ts';
import { RestartDelay } from './restart-delay.ts';
import { covers, NO_RIGHTS, type Rights, union } from './rights.ts';
import { Session, type SessionListener } from './session.ts';

/** What the children of a group are started with. */
export interface GroupOptions {
  readonly name: string;
  readonly start: Extract<HostMessage, { kind: 'start' }>;
  readonly cacheDirectory: string | undefined;
  readonly maxMemoryBytes: number;
}

/** What a succession tells the group that it is of. */
export interface SuccessionListener
  extends Pick<SessionListener, 'onProgress' | 'onSettled' | 'onUtterance' | 'onTermination'> {
  readonly onStuck: SchedulerListener['onStuck'];
  /** A child has taken over, or none came up. */
  readonly onTurn: () => void;
  /** A child is gone; another one is started after so many milliseconds, if it is. */
  readonly onEnded: (
    session: Session,
    end: ChildEnd,
    passages: readonly Passage[],
    restartAfterMs: number | undefined,
  ) => void;
  /** Whether there is anything for another child to do. */
  readonly isWanted: () => boolean;
}

/**
 * The children of a group, one after the other. There is one that serves at a time; while another one takes over, the old
 * one finishes what it has.
 */
export class Succession {
  readonly #options: GroupOptions;
  readonly #lanes: HostLanes;
  readonly #alive: KeepAlive;
  readonly #listener: SuccessionListener;
  readonly #delay = new RestartDelay();
  #serving: Session | undefined;
  #starting: Session | undefined;
  /** Those that finish what they have, and the one that is starting. */
  readonly #leaving = new Set<Session>();
  #coming: Promise<Session> | undefined;
  #rights: Rights = NO_RIGHTS;
  #state: 'open' | 'closing' | 'closed' = 'open';
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: GroupOptions, lanes: HostLanes, alive: KeepAlive, listener: SuccessionListener) {
    this.#options = options;
    this.#lanes = lanes;
    this.#alive = alive;
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The child that serves. */
  get serving(): Session | undefined {
    return this.#serving;
  }

  get isComing(): boolean {
    return this.#coming !== undefined;
  }

  /** All that there are. */
  *sessions(): Generator<Session, void, undefined> {
    if (this.#serving !== undefined) yield this.#serving;
    yield* this.#leaving;
  }

  get processes(): ProcessStatus[] {
    return [...this.sessions()].flatMap((session) => {
      const { pid } = session;
      if (pid === undefined) return [];
      const state = session === this.#serving ? 'serving' : session === this.#starting ? 'starting' : 'leaving';
      return [{ group: this.#options.name, pid, state }];
    });
  }

  /** A child that may reach what is wanted; it is started if there is none, and replaced if it may not reach enough. */
  async readyWith(wanted: Rights): Promise<Session> {
    for (;;) {
      if (this.#state !== 'open') throw engineClosed();
      if (this.#coming !== undefined) await this.#coming.catch(() => {});
      else if (this.#serving !== undefined && covers(this.#rights, wanted)) return this.#serving;
      else {
        this.#rights = union(this.#rights, wanted);
        await this.comeUp();
      }
    }
  }

  /** Starts a child and has it take over, every lane opened; waits until it is time for that. */
  comeUp(): Promise<Session> {
    this.#coming ??= this.#start().finally(() => {
      this.#coming = undefined;
      this.#listener.onTurn();
    });
    this.#coming.catch(() => {});
    return this.#coming;
  }

  async #start(): Promise<Session> {
    const { start, cacheDirectory, maxMemoryBytes } = this.#options;
    await this.#delay.wait(this.#alive.isHeld);
    if (this.#state !== 'open') throw engineClosed();
    if (cacheDirectory !== undefined) mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 });
    const ready = Promise.withResolvers<void>();
    const { maxThreads } = start.options;
    const session = new Session({ rights: this.#rights, cacheDirectory, maxMemoryBytes, maxThreads }, start, {
      ...this.#listener,
      onReady: () => ready.resolve(),
      onSettled: (passage) => {
        this.#listener.onSettled(passage);
        if (this.#leaving.has(session) && session !== this.#starting && session.isIdle) session.end();
      },
      onStuck: (thread, lane, where) => {
        this.#listener.onStuck(thread, lane);
        this.#replace(where);
      },
      onEnd: (ended, end, passages) => {
        ready.reject(gone(end));
        this.#died(ended, end, passages);
      },
    });
    // Known at once, so that who closes finds it.
    this.#starting = session;
    this.#leaving.add(session);
    if (this.#alive.isHeld) session.ref();
    else session.unref();
    await ready.promise;
    await this.#lanes.openIn(session);
    const previous = this.#serving;
    this.#leaving.delete(session);
    this.#starting = undefined;
    this.#serving = session;
    if (previous !== undefined) {
      this.#leaving.add(previous);
      if (previous.isIdle) previous.end();
    }
    return session;
  }

  /** A child with a thread that nothing can end gives way to another one, and is ended itself, which takes the thread along. */
  #replace(session: Session): void {
    if (session !== this.#serving || this.#coming !== undefined || this.#state !== 'open') return;
    this.#delay.next(performance.now() - session.startedAt);
    this.comeUp();
  }

  #died(session: Session, end: ChildEnd, passages: readonly Passage[]): void {
    if (session === this.#serving) this.#serving = undefined;
    this.#leaving.delete(session);
    const restarts = this.#state === 'open' && end.by !== 'close';
    if (restarts) this.#delay.next(performance.now() - session.startedAt);
    this.#listener.onEnded(session, end, passages, restarts ? Math.round(this.#delay.leftMs) : undefined);
    // Not for nobody: a group whose plugins are all gone starts one with the next plugin.
    if (restarts && this.#coming === undefined && this.#serving === undefined && this.#listener.isWanted()) {
      this.comeUp();
    }
    this.#checkEnded();
  }

  /** Ends the children, in bounded time whatever they do. Nothing may be outstanding. */
  async end(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing';
    this.#delay.cut();
    for (const session of this.sessions()) session.end();
    this.#checkEnded();
    await this.#ended.promise;
  }

  #checkEnded(): void {
    if (this.#state !== 'closing' || this.#serving !== undefined || this.#leaving.size > 0) return;
    this.#state = 'closed';
    this.#ended.resolve();
  }

  ref(): void {
    for (const session of this.sessions()) session.ref();
    this.#delay.ref();
  }

  /** What is ending is waited for. */
  unref(): void {
    if (this.#state === 'open') for (const session of this.sessions()) session.unref();
    this.#delay.unref();
  }
}

/** What fails when the engine is closed under it. */
export function engineClosed(): PluginError {
  return new PluginError('ERR_ENGINE_CLOSED', 'The engine is closed');
}
