import type { ControlPage } from '../../instrumentation/control-page.ts';
import { outputLimit } from '../glue.ts';
import type { Outside } from './async/outside.ts';
import { Scheduler } from './async/scheduler.ts';
import type { ComponentInstance } from './component-instance.ts';
import type { ResourceType } from './resources.ts';
import { ThreadStorage, type ThreadWords } from './thread-storage.ts';

/** What the host spends on values of the guest. */
export interface Limits {
  /** Bytes of text that one call may hand to the host; the policy's `maxOutputBytes`. */
  readonly maxOutputBytes: number;
}

/** A call that may return nothing can still log and ask for its configuration. */
const ALWAYS_LIFTED_BYTES = 64 * 1024;
/** What a string costs beyond its text, roughly: without it empty ones would be free. */
const STRING_BYTES = 24;
/** What lists may take on top of the text: one call of a WASI function moves 1 MiB. */
const LIST_BYTES = 4 * 1024 * 1024;

/** What the instances within one component share: its resource types, and the books of the call that is under way. */
export class Store {
  readonly resources: ResourceType[] = [];
  /** Undefined where nothing asks for it, so that calls do not pay for it. */
  readonly threadStorage: ThreadWords | undefined;
  /** Runs the threads of a component whose calls may wait for each other. */
  readonly scheduler: Scheduler | undefined;
  readonly #limits: Limits;
  readonly maxTextBytes: number;
  readonly #maxLiftedBytes: number;
  #lifted = 0;
  /** Bytes that guests have allocated for what was lowered to them, ever. */
  allocated = 0;
  /** What ended a call into the guest. A guest may catch what its imports throw; it gets nowhere with it. */
  #trapped: { readonly error: unknown } | undefined;

  /**
   * @param threads `words` where `context.get` or `context.set` is imported; `concurrent` where calls may wait for each
   * other.
   * @param outside Where those wait for the host. @default nowhere
   */
  constructor(
    limits: Limits,
    threads: 'none' | 'words' | 'concurrent' = 'none',
    control: Pick<ControlPage, 'fuel' | 'isInterrupted'> = { fuel: 0, isInterrupted: false },
    outside?: Outside,
  ) {
    this.#limits = limits;
    this.scheduler = threads === 'concurrent' ? new Scheduler(control, outside) : undefined;
    this.threadStorage = threads === 'words' ? new ThreadStorage() : this.scheduler;
    this.maxTextBytes = Math.max(limits.maxOutputBytes, ALWAYS_LIFTED_BYTES);
    this.#maxLiftedBytes = this.maxTextBytes + LIST_BYTES;
  }

  /** What the arguments or the result took that were lifted last. */
  get lifted(): number {
    return this.#lifted;
  }

  /** Begins to lift the arguments of a call to the host, or the result of one to the guest. */
  beginLifting(): void {
    this.#lifted = 0;
  }

  /**
   * Accounts for memory of the host that a value of the guest takes. Elements of a list may share one region, so that
   * the size of the guest's memory does not bound it.
   *
   * @throws {PluginError} `ERR_OUTPUT_LIMIT`.
   */
  spend(bytes: number): void {
    this.#lifted += bytes;
    if (this.#lifted > this.#maxLiftedBytes) throw outputLimit(this.#lifted, this.#limits.maxOutputBytes);
  }

  /** Accounts for a string, before it is made. */
  spendText(bytes: number): void {
    if (bytes > this.maxTextBytes) throw outputLimit(bytes, this.#limits.maxOutputBytes);
    this.spend(bytes + STRING_BYTES);
  }

  /** Notes that a call ended otherwise than by a return. Nothing may enter or leave the instance afterwards. */
  poison(instance: ComponentInstance, error: unknown): void {
    this.#trapped ??= { error };
    instance.mayLeave = false;
  }

  /** @returns what brings it back to what it is now, between two calls; objects for resources of the guest are of no use then. */
  keep(): () => void {
    const { allocated } = this;
    return () => {
      this.allocated = allocated;
      this.#lifted = 0;
      this.#trapped = undefined;
      for (const resource of this.resources) resource.life++;
    };
  }

  /** Throws again what the guest has caught. */
  rethrow(): void {
    if (this.#trapped !== undefined) throw this.#trapped.error;
  }
}
