import type { PluginDefinition } from '../src/artifact/definition.ts';
import type { OpenCalls } from '../src/canonical-abi/runtime/async/open-calls.ts';
import { type Holding, NOTHING } from '../src/component/holding.ts';
import type { Utterance } from '../src/contract/values.ts';
import { describe, PluginError } from '../src/errors.ts';
import { CallContext } from '../src/host/call-context.ts';
import { makeInstance } from '../src/instance/make-instance.ts';
import type { PluginInstance } from '../src/instance/plugin-instance.ts';
import { createRuntime, type Runtime } from '../src/instance/runtime.ts';
import type { ControlPage } from '../src/instrumentation/control-page.ts';
import type { Tally } from '../src/observe/tally.ts';
import { SHUTDOWN_FAILED } from '../src/pool/protocol.ts';
import type { Phase, ThreadStatus } from '../src/pool/thread-status.ts';
import { Tap } from '../src/recording/tap.ts';
import { cleanLogLine } from '../src/text/log-line.ts';
import { DroppedMemory } from './dropped-memory.ts';
import type { HostLine } from './host-line.ts';
import { InstanceLine } from './instance-line.ts';
import { Rewinding } from './rewinding.ts';

/** An instance. `rewound`: brought back to how it was before its first request, with nothing to shut down. */
interface Live {
  readonly instance: PluginInstance;
  readonly context: CallContext;
  readonly line: InstanceLine | undefined;
  readonly tap: Tap | undefined;
  served: number;
  state: 'used' | 'rewound';
  /** What {@link PluginInstance.keep} took; 0 where it kept nothing. */
  readonly keptBytes: number;
}

/**
 * What an instance that is to be brought back has its memory grow by. The same for all, so that where something lies in a
 * guest's memory tells it nothing of earlier requests.
 */
const RESERVED_BYTES = 64 * 1024;

/** One version of a plugin in this worker, with the instance that serves its requests. */
interface Resident {
  readonly id: number;
  readonly definition: PluginDefinition;
  /** Made with the first instance, inside the watched call that makes that. */
  runtime: Runtime | undefined;
  /** Whether an instance was made, or begun to be. */
  madeOne: boolean;
  live: Live | undefined;
  /** Whether its instances can be brought back, and it is worth the while. */
  readonly rewinding: Rewinding;
  /** Where what it does is counted, if it is. */
  readonly tally: Tally | undefined;
}

/** What the thread of the residents may have. */
export interface ResidentLimits {
  /** Its stack, which `ERR_STACK_OVERFLOW` names. */
  readonly stackBytes: number;
  /** The most that instances may leave behind before it is collected. */
  readonly dropped: Holding;
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
  /** What its instances have left behind. */
  readonly dropped: DroppedMemory;
  readonly #residents = new Map<number, Resident>();
  readonly #status: ThreadStatus;
  readonly #control: ControlPage;
  readonly #say: (utterance: Utterance) => boolean;
  readonly #line: HostLine | undefined;
  readonly #stackBytes: number;
  #sections = 0;
  /** What all instances can be brought back to takes so much. */
  #keptBytes = 0;
  /** The one that was asked for last. */
  #recent: Resident | undefined;

  constructor(
    status: ThreadStatus,
    control: ControlPage,
    say: (utterance: Utterance) => boolean,
    { stackBytes, dropped }: ResidentLimits,
    line?: HostLine,
  ) {
    this.#status = status;
    this.#control = control;
    this.#say = say;
    this.#line = line;
    this.#stackBytes = stackBytes;
    this.dropped = new DroppedMemory(dropped);
  }

  define(id: number, definition: PluginDefinition, tally?: Tally): void {
    this.#recent = undefined;
    this.#residents.set(id, {
      id,
      definition,
      runtime: undefined,
      madeOne: false,
      live: undefined,
      rewinding: new Rewinding(definition),
      tally,
    });
  }

  tally(id: number): Tally | undefined {
    return this.#residents.get(id)?.tally;
  }

  definition(id: number): PluginDefinition {
    return this.#resident(id).definition;
  }

  /** The instance that serves the next request, made and initialised if there is none. Inside a claimed slot only. */
  instance(id: number): PluginInstance {
    return this.#live(this.#resident(id)).instance;
  }

  /** Calls into an instance, then drops it if it is dead. */
  call<Result>(id: number, phase: Phase, call: (instance: PluginInstance) => Result): Result {
    const resident = this.#resident(id);
    const live = this.#live(resident);
    const { instance, context, tap } = live;
    this.#status.enter(phase);
    live.state = 'used';
    if (phase === 'process') tap?.begins();
    else tap?.pauses();
    try {
      return call(instance);
    } finally {
      resident.tally?.calledHost(context.hostCalls);
      resident.tally?.ranInstructions(instance.instructions ?? 0);
      if (instance.state === 'dead') {
        resident.rewinding.faulted();
        this.#end(resident);
      }
    }
  }

  /** Runs a stretch of calls that go on beside each other in the instance, then drops it if it is dead. */
  stretch<Result>(id: number, phase: 'process' | 'idle', act: (calls: OpenCalls) => Result): Result {
    const resident = this.#resident(id);
    const live = this.#live(resident);
    const { instance } = live;
    this.#status.enter(phase);
    live.state = 'used';
    try {
      return instance.stretch(act);
    } finally {
      if (instance.state === 'dead') {
        resident.rewinding.faulted();
        this.#end(resident);
      }
    }
  }

  /** The books of the instance. */
  context(id: number): CallContext {
    return this.#live(this.#resident(id)).context;
  }

  /** How many requests more the policy gives the instance. */
  left(id: number): number {
    const { live, definition } = this.#resident(id);
    return definition.policy.maxRequestsPerInstance - (live?.served ?? 0);
  }

  /**
   * After a request's result is out: shuts the instance down if the policy gives it no further request.
   *
   * @returns What became of it.
   * @throws {Killed} when the main thread gave the shutdown up and is ending the thread for it.
   */
  served(id: number): 'kept' | 'ended' {
    const resident = this.#resident(id);
    if (resident.live?.state === 'used') {
      if (!this.endsAfter(id)) {
        resident.live.served++;
        return 'kept';
      }
      this.#shutDown(resident);
    }
    return 'ended';
  }

  /** Whether the policy gives the instance no request after the one that it has just served. */
  endsAfter(id: number): boolean {
    const { live, definition } = this.#resident(id);
    const { instances, maxRequestsPerInstance } = definition.policy;
    return live?.state === 'used' && (instances === 'fresh' || live.served + 1 >= maxRequestsPerInstance);
  }

  /**
   * Shuts an instance down and forgets its definition.
   *
   * @throws {Killed} when the main thread gave the shutdown up and is ending the thread for it.
   */
  retire(id: number): void {
    const resident = this.#residents.get(id);
    if (resident === undefined) return;
    this.#residents.delete(id);
    this.#recent = undefined;
    try {
      if (resident.live?.state === 'used') this.#shutDown(resident);
    } finally {
      this.#forget(resident);
      resident.runtime?.empty();
    }
  }

  /** The guest memory that the instance of a definition holds, or that waits for the next one. */
  holds(id: number): Holding {
    const { live, runtime } = this.#residents.get(id) ?? {};
    return live?.instance.holds ?? runtime?.idle ?? NOTHING;
  }

  #resident(id: number): Resident {
    // Requests of one definition come one after the other.
    if (this.#recent !== undefined && this.#recent.id === id) return this.#recent;
    const resident = this.#residents.get(id);
    if (resident === undefined) throw new Error(`Definition ${id} was never sent to this worker`);
    this.#recent = resident;
    return resident;
  }

  #make(resident: Resident): Live {
    const { definition, rewinding, tally } = resident;
    // Its resources went with it, and nothing that is asked of the session was meant for another.
    if (definition.session && resident.madeOne)
      throw new PluginError('ERR_SESSION_ENDED', 'The instance of the session is gone');
    resident.madeOne = true;
    this.#status.enter('instantiate');
    resident.runtime ??= createRuntime(definition, this.dropped.add, this.#control);
    const context = new CallContext(definition.policy, this.#say);
    const { tape } = definition;
    const tap = tape && new Tap(tape, (text) => context.tape(text));
    const line = this.#line && new InstanceLine(this.#line, resident.runtime.goesOn);
    const surroundings = {
      context,
      stackBytes: this.#stackBytes,
      onDropped: this.dropped.add,
      ask: line?.ask,
      outside: line,
      tap,
    };
    const instance = makeInstance(definition, resident.runtime, surroundings);
    this.#status.enter('initialize');
    instance.initialize();
    tap?.started();
    tally?.calledHost(context.hostCalls);
    // What is recorded of a request begins with what was asked of the host when its instance was made.
    if (tap === undefined && rewinding.isWorthIt && !this.#keep(instance, rewinding)) {
      line?.end();
      return this.#make(resident);
    }
    this.#keptBytes += instance.keptBytes;
    tally?.madeInstance();
    return { instance, context, line, tap, served: 0, state: 'used', keptBytes: instance.keptBytes };
  }

  /**
   * Notes what an instance is like before its first request, if that can be done.
   *
   * @returns false when it has to be made again, because the guest spent what it was to give back.
   */
  #keep(instance: PluginInstance, rewinding: Rewinding): boolean {
    const room = this.dropped.limits.bytes - this.#keptBytes;
    const irreversible = instance.keep(room) !== undefined;
    if (!irreversible && rewinding.reserves && !instance.reserve(RESERVED_BYTES)) {
      rewinding.reserves = false;
      instance.abandon();
      return false;
    }
    if (irreversible || (rewinding.reserves && instance.keep(room) !== undefined)) rewinding.failed();
    return true;
  }

  #live(resident: Resident): Live {
    resident.live ??= this.#make(resident);
    return resident.live;
  }

  /** An instance has ended. It is brought back for the next request if it can be. */
  #end(resident: Resident): void {
    const { live, rewinding, tally } = resident;
    if (live === undefined) return;
    if (live.keptBytes > 0) {
      // What cannot be brought back has let go of its memories afterwards.
      tally?.sawMemory(live.instance.holds.bytes);
      if (live.instance.rewind()) {
        rewinding.succeeded();
        tally?.endedInstance();
        tally?.madeInstance();
        live.served = 0;
        live.state = 'rewound';
        return;
      }
      rewinding.failed();
    }
    this.#forget(resident);
  }

  #forget(resident: Resident): void {
    const { live, tally } = resident;
    if (live === undefined) return;
    tally?.sawMemory(live.instance.holds.bytes);
    tally?.endedInstance();
    live.instance.abandon();
    live.line?.end();
    this.#keptBytes -= live.keptBytes;
    resident.live = undefined;
  }

  #shutDown(resident: Resident): void {
    const { live } = resident;
    if (live === undefined) return;
    const section = ++this.#sections;
    // Its last words are no part of the request that has just been answered.
    live.tap?.pauses();
    // First what it is, then that it runs: or the watchdog could take it for the call before.
    this.#status.enter('shutdown');
    this.#status.enterSection(section);
    // The instance goes either way, and no caller waits for its last words: a log line is where they can be heard.
    try {
      const refusal = live.instance.shutdown();
      if (refusal !== undefined) this.#lament(refusal);
    } catch (error) {
      this.#lament(describe(error));
    }
    resident.tally?.calledHost(live.context.hostCalls);
    this.#end(resident);
    if (this.#status.leaveSection(section)) return;
    if (this.#control.settle() === 'ended') throw new Killed();
    this.#status.enterSection(0);
  }

  #lament(reason: string): void {
    this.#say({ kind: 'log', level: 'warn', message: cleanLogLine(`${SHUTDOWN_FAILED}${reason}`) });
  }
}
