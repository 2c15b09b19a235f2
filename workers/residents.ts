import type { PluginDefinition } from '../src/artifact/definition.ts';
import type { Mailbox, Phase } from '../src/pool/mailbox.ts';
import type { Utterance } from '../src/protocol.ts';
import { CallContext } from './call-context.ts';
import { PluginInstance } from './instance.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import { createWasi } from './wasi/index.ts';

/** One version of a plugin in this worker, with the instance that serves its requests. */
interface Resident {
  readonly definition: PluginDefinition;
  /** Made with the first instance, inside the watched call that makes that. */
  runtime: Runtime | undefined;
  live: { readonly instance: PluginInstance; served: number } | undefined;
}

/** Guest code may only run while the main thread can end it; it could not, for this section, or it already has. */
export class Killed extends Error {
  override readonly name: string = 'Killed';
}

/**
 * The plugins of this worker. Everything that enters guest code passes here, so that each entry is announced to the
 * watchdog (invariant 8) and each end other than a return drops the instance (invariant 7).
 */
export class Residents {
  readonly #residents = new Map<number, Resident>();
  readonly #mailbox: Mailbox;
  readonly #say: (utterance: Utterance) => boolean;
  readonly #stackBytes: number;
  #sections = 0;

  constructor(mailbox: Mailbox, say: (utterance: Utterance) => boolean, stackBytes: number) {
    this.#mailbox = mailbox;
    this.#say = say;
    this.#stackBytes = stackBytes;
  }

  define(id: number, definition: PluginDefinition): void {
    this.#residents.set(id, { definition, runtime: undefined, live: undefined });
  }

  definition(id: number): PluginDefinition {
    return this.#resident(id).definition;
  }

  /** The instance that serves the next request, made and initialised if there is none. Inside a claimed slot only. */
  instance(id: number): PluginInstance {
    const resident = this.#resident(id);
    resident.live ??= this.#make(resident);
    return resident.live.instance;
  }

  /** Calls into an instance, then drops it if it is dead. */
  call<Result>(id: number, phase: Phase, call: (instance: PluginInstance) => Result): Result {
    const instance = this.instance(id);
    const resident = this.#resident(id);
    this.#mailbox.enter(phase);
    try {
      return call(instance);
    } finally {
      if (instance.state === 'dead') resident.live = undefined;
    }
  }

  /**
   * After a request's result is out: shuts the instance down if the policy gives it no further request.
   *
   * @throws {Killed} when the main thread ended the shutdown.
   */
  served(id: number): void {
    const resident = this.#resident(id);
    if (resident.live === undefined) return;
    if (this.endsAfter(id)) this.#shutDown(resident);
    else resident.live.served++;
  }

  /** Whether the policy gives the instance no request after the one that it has just served. */
  endsAfter(id: number): boolean {
    const { live, definition } = this.#resident(id);
    const { instances, maxRequestsPerInstance } = definition.policy;
    return live !== undefined && (instances === 'fresh' || live.served + 1 >= maxRequestsPerInstance);
  }

  /**
   * Shuts an instance down and forgets its definition.
   *
   * @throws {Killed} when the main thread ended the shutdown.
   */
  retire(id: number): void {
    const resident = this.#residents.get(id);
    if (resident === undefined) return;
    this.#residents.delete(id);
    this.#shutDown(resident);
  }

  /** Bytes of guest memory that the instance of a definition holds. */
  memoryBytes(id: number): number {
    return this.#residents.get(id)?.live?.instance.memoryBytes ?? 0;
  }

  #resident(id: number): Resident {
    const resident = this.#residents.get(id);
    if (resident === undefined) throw new Error(`Definition ${id} was never sent to this worker`);
    return resident;
  }

  #make(resident: Resident): NonNullable<Resident['live']> {
    const { definition } = resident;
    this.#mailbox.enter('instantiate');
    resident.runtime ??= createRuntime(definition);
    const context = new CallContext(definition.policy, this.#say);
    const interfaces = definition.contract.wasi.map(unversioned);
    const wasi = interfaces.length === 0 ? undefined : createWasi({ ...definition, context, interfaces });
    const surroundings = { context, wasi, stackBytes: this.#stackBytes };
    const instance = new PluginInstance(definition, resident.runtime, surroundings);
    this.#mailbox.enter('initialize');
    instance.initialize();
    return { instance, served: 0 };
  }

  #shutDown(resident: Resident): void {
    const { live } = resident;
    if (live === undefined) return;
    const section = ++this.#sections;
    this.#mailbox.enterSection(section);
    this.#mailbox.enter('shutdown');
    try {
      live.instance.shutdown();
    } catch {
      // The instance goes either way, and no caller waits for its last words.
    }
    resident.live = undefined;
    if (!this.#mailbox.leaveSection(section)) throw new Killed();
  }
}

function unversioned(name: string): string {
  const at = name.indexOf('@');
  return at === -1 ? name : name.slice(0, at);
}
