import { Buffer } from 'node:buffer';
import type { PluginDefinition } from '../artifact/definition.ts';
import { outputLimit } from '../canonical-abi/glue.ts';
import type { OpenCalls } from '../canonical-abi/runtime/async/open-calls.ts';
import type { ByteCall } from '../canonical-abi/runtime/calls/byte-calls.ts';
import type { Wire, WireSink } from '../canonical-abi/runtime/calls/wire.ts';
import type { LiveComponent } from '../canonical-abi/runtime/component.ts';
import {
  bindProcess,
  type ProcessBytes,
  type RequestBytes,
  type ResponseSink,
} from '../canonical-abi/runtime/contract.ts';
import type { Holding } from '../component/holding.ts';
import type {
  FunctionCall,
  PluginMetadata,
  PluginResponse,
  RequestOptions,
  SessionReturn,
} from '../contract/values.ts';
import type { CallerLine } from '../conversation/line.ts';
import type { ConversationOrder } from '../conversation/messages.ts';
import { PluginError } from '../errors.ts';
import type { ControlPage } from '../instrumentation/control-page.ts';
import { cleanLogLine } from '../text/log-line.ts';
import type { WasmFrame } from '../text/wasm-frame.ts';
import { type BesideCall, besideCall, type Request } from './beside-call.ts';
import { isSuccessfulExit, tookSuccessfulExit } from './command-exit.ts';
import { converse } from './converse.ts';
import { CAPTURED_FRAMES, captureFrames, toFault, toInitializeError } from './faults.ts';
import { instructionLimit, OutOfFuel } from './fuel.ts';
import { callFunction } from './function-call.ts';
import { guardOfImports, instanceImports } from './instance-imports.ts';
import { type InstanceSnapshot, isOrderly, takeSnapshot } from './instance-snapshot.ts';
import { MemoryPressure } from './memory-pressure.ts';
import type { Runtime } from './runtime.ts';
import { SessionResources } from './session-resources.ts';
import { sourceLocations } from './source-locations.ts';
import type { Surroundings } from './surroundings.ts';
import { bindWorld, type WorldExports } from './world-exports.ts';

/**
 * `ready`: may be called. `running`: inside a call, from which it must not be entered again. `dead`: a call ended
 * otherwise than by a return or a WIT `err`, so that nobody knows what state the guest is in (invariant 7); or it was
 * shut down.
 */
export type InstanceState = 'ready' | 'running' | 'dead';

/** One live instance of a plugin. It serves one call at a time and is never used again after a fault. */
export class PluginInstance {
  readonly #definition: PluginDefinition;
  readonly #surroundings: Surroundings;
  readonly #memory: MemoryPressure;
  readonly #control: ControlPage;
  readonly #exports: WorldExports;
  readonly #processBytes: ProcessBytes | undefined;
  readonly #byteCalls: ByteCall[] = [];
  #live: LiveComponent | undefined;
  /** Those that the caller of its session holds. */
  #resources: SessionResources | undefined;
  readonly #cores: WebAssembly.Instance[] = [];
  /** What it can be brought back to. */
  #snapshot: InstanceSnapshot | undefined;
  readonly #requestFuel: number | undefined;
  /** What the call had that was begun last; undefined where nothing counts. */
  #fuel: number | undefined;
  #state: InstanceState = 'ready';

  /**
   * Instantiates the component, which runs the start functions of its core modules.
   *
   * @param runtime Of this definition; see `createRuntime`.
   * @throws {PluginError} `ERR_LINK` when the core modules do not fit together, `ERR_UNKNOWN_IMPORT` when the host lacks
   * an import, else `ERR_INITIALIZE_FAILED`.
   */
  constructor(definition: PluginDefinition, runtime: Runtime, surroundings: Surroundings) {
    this.#definition = definition;
    this.#surroundings = surroundings;
    this.#control = runtime.control;
    const { contract, policy, maxBytes } = definition;
    this.#requestFuel = surroundings.requestInstructions ?? policy.maxInstructions;
    this.#memory = new MemoryPressure(maxBytes);
    const imports = instanceImports(definition, surroundings);
    try {
      const live = this.#run(() =>
        runtime.instantiate(
          imports,
          (module, coreImports) => {
            const core = this.#memory.instantiate(module, coreImports);
            this.#cores.push(core);
            return core;
          },
          guardOfImports(definition, surroundings.context),
          surroundings.wasi?.outside ?? surroundings.outside,
        ),
      );
      this.#live = live;
      this.#exports = bindWorld(contract.world, live.exports[contract.exportName]);
      this.#processBytes = bindProcess(live, contract, policy.maxOutputBytes);
    } catch (error) {
      throw toInitializeError('instantiation', error as PluginError);
    }
  }

  /** The memories that the guest holds, and what it can be brought back to. */
  get holds(): Holding {
    const { held } = this.#memory;
    return this.#snapshot === undefined ? held : { ...held, bytes: held.bytes + this.#snapshot.bytes };
  }

  /** WebAssembly instructions that the last call took; undefined where the policy does not have them counted. */
  get instructions(): number | undefined {
    return this.#fuel === undefined ? undefined : this.#fuel - this.#control.fuel;
  }

  get state(): InstanceState {
    return this.#state;
  }

  /**
   * Gives the plugin its configuration; once, before anything else. Does nothing in the worlds without `initialize`.
   *
   * @throws {PluginError} `ERR_INITIALIZE_FAILED`, with the fault as its cause unless the plugin returned an `err`.
   */
  initialize(): void {
    const { config } = this.#definition;
    let refusal: string | undefined;
    try {
      refusal = this.#run(() => this.#exports.initialize(config));
    } catch (error) {
      throw toInitializeError('initialize', error as PluginError);
    }
    if (refusal === undefined) return;
    this.#die();
    throw new PluginError('ERR_INITIALIZE_FAILED', `The plugin refused to start: ${cleanLogLine(refusal)}`, {
      hint: 'Check the `config` that the plugin is loaded with.',
    });
  }

  /**
   * Runs one request. An `err` of `plugin-api-v2` arrives as `success: false` with its text as `errorMessage`.
   *
   * @throws {PluginError} for any other end; the instance is dead then.
   */
  process(input: string, options: RequestOptions): PluginResponse {
    const response = this.#run(() => this.#exports.process(input, options), this.#requestFuel);
    this.assertOutput(response);
    return response;
  }

  /**
   * Calls a function that the component exports. A `result` comes as `{tag: 'ok' | 'err', val}`.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` for arguments of other types, and for any other end than a return; the
   * instance is dead then.
   */
  call(call: FunctionCall): unknown {
    if (call.session !== undefined) return this.#callInSession(call);
    let exited = false;
    const value = this.#run(() => {
      try {
        return callFunction(this.#live!.exports, call);
      } catch (error) {
        exited = isSuccessfulExit(call, error);
        if (exited) return { tag: 'ok', val: undefined };
        throw error;
      }
    }, this.#requestFuel);
    if (exited) this.#die();
    return value;
  }

  /** One that passes resources. What is refused before the guest runs leaves the instance as it is. */
  #callInSession(call: FunctionCall): SessionReturn {
    if (this.#live === undefined) throw cannotEnter('dead');
    this.#resources ??= new SessionResources(this.#live);
    const prepared = this.#resources.prepare(call);
    return this.#run(prepared, this.#requestFuel);
  }

  /**
   * Runs as a command, once, or answers a request, while its caller gives and takes.
   *
   * @returns The status of a command, after which the instance is dead.
   * @throws {PluginError} for any other end; the instance is dead then.
   */
  converse(order: ConversationOrder, line: CallerLine): number | undefined {
    // Of what its caller gave and took there may be something left.
    this.#snapshot = undefined;
    const status = this.#run(() => converse(this.#live!.exports, this.#surroundings.wasi, order, line));
    if (order.kind === 'command') this.#die();
    return status;
  }

  /**
   * {@link call} by the number of a function among `exportedLifts`, on bytes.
   *
   * @returns The sink that has the result.
   * @throws {PluginError} for any end other than a return; the instance is dead then.
   */
  callBytes(number: number, wire: Wire, given: WireSink, larger: () => WireSink): WireSink {
    const stackTraceLimit = this.#enter(this.#requestFuel);
    try {
      this.#byteCalls[number] ??= this.#live!.byteCall!(number);
      const sink = this.#byteCalls[number]!(wire, given, larger);
      this.#returned();
      return sink;
    } catch (error) {
      if (tookSuccessfulExit(this.#definition, number, error, given)) {
        this.#die();
        return given;
      }
      throw this.#fault(error);
    } finally {
      this.#leave(stackTraceLimit);
    }
  }

  /**
   * A request as a call that goes on beside others, which a {@link stretch} begins.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT` for arguments of other types; the instance lives.
   */
  beside(request: Request | FunctionCall): BesideCall {
    return besideCall(this.#definition.contract, this.#live!.openCalls!, request);
  }

  /** Runs a stretch of calls that go on beside each other, where they may; whatever is thrown by it is a fault. */
  stretch<Returned>(act: (calls: OpenCalls) => Returned): Returned {
    const stackTraceLimit = this.#enterStretch();
    try {
      const returned = act(this.#live!.openCalls!);
      this.#returned();
      return returned;
    } catch (error) {
      throw this.#fault(error);
    } finally {
      this.#leave(stackTraceLimit);
    }
  }

  /** One more call begins beside others: what is counted for each begins anew. @returns Its instructions. */
  beginBeside(): number {
    const { context, wasi } = this.#surroundings;
    context.begin();
    wasi?.begin();
    this.#memory.begin();
    this.#fuel = this.#requestFuel;
    return this.#requestFuel ?? 0;
  }

  /** @throws {PluginError} `ERR_OUTPUT_LIMIT` for too much of an answer; the instance is dead then. */
  assertOutput({ output, errorMessage = '' }: PluginResponse): void {
    this.#limitOutput(output, errorMessage);
  }

  /** Whether {@link processBytes} may be called: with the direct binding, for guests whose strings are UTF-8. */
  get takesBytes(): boolean {
    return this.#processBytes !== undefined;
  }

  /**
   * {@link process} without making strings of what passes.
   *
   * @param sink Gets the response, unless this throws; what it got before that does not count.
   * @throws {PluginError} for any end other than a return or a WIT `err`; the instance is dead then.
   */
  processBytes(request: RequestBytes, sink: ResponseSink): void {
    // As in `#run`; a function for each request would be what the collector of garbage has most of.
    const stackTraceLimit = this.#enter(this.#requestFuel);
    try {
      this.#processBytes!(request, sink);
      this.#returned();
    } catch (error) {
      throw this.#fault(error);
    } finally {
      this.#leave(stackTraceLimit);
    }
  }

  /**
   * What `get-metadata` returns; undefined in the worlds that have none.
   *
   * @throws {PluginError} for any other end; the instance is dead then.
   */
  metadata(): PluginMetadata | undefined {
    const metadata = this.#run(() => this.#exports.metadata());
    if (metadata !== undefined) this.#limitOutput(metadata.name, metadata.version, metadata.description);
    return metadata;
  }

  /**
   * Lets the plugin finish; once, before the instance is dropped. The instance is dead afterwards.
   *
   * @returns The text of an `err`, which changes nothing: the instance goes either way.
   * @throws {PluginError} for any other end.
   */
  shutdown(): string | undefined {
    const refusal = this.#run(() => this.#exports.shutdown());
    this.#die();
    return refusal;
  }

  /**
   * Has its memory grow, so that the next requests need not have it grow: an instance whose memory has grown since it was
   * kept cannot be brought back. Once, before {@link keep}.
   *
   * @returns false when it had better not be used, since the guest does not have what it had.
   */
  reserve(bytes: number): boolean {
    try {
      return this.#run(() => this.#live!.reserve(bytes));
    } catch {
      return false;
    }
  }

  /**
   * Notes its state, for {@link rewind}. Between two calls.
   *
   * @param maxBytes The most that this may take.
   * @returns Why it cannot be brought back, if so: then it is what it was.
   */
  keep(maxBytes: number): string | undefined {
    const { imports } = this.#definition;
    this.#snapshot = undefined;
    if (imports.length > 0) return 'it is given functions of the embedder, who may keep something for it';
    const parts = {
      live: this.#live!,
      wasi: this.#surroundings.wasi,
      cores: this.#cores,
      memories: this.#memory.memories,
    };
    const taken = takeSnapshot(parts, maxBytes);
    if (typeof taken === 'string') return taken;
    this.#snapshot = taken;
    return undefined;
  }

  /** Bytes that it takes to bring it back; 0 where it cannot be. */
  get keptBytes(): number {
    return this.#snapshot === undefined ? 0 : this.#snapshot.bytes;
  }

  /**
   * Brings it back to what it was when it was kept, also after a fault: nothing that happened since is to be found in it.
   *
   * @returns false where it cannot be: then it is dead.
   */
  rewind(): boolean {
    if (this.#state === 'running' || this.#snapshot?.rewind() !== true) {
      this.abandon();
      return false;
    }
    this.#state = 'ready';
    return true;
  }

  /** Lets go of it without a word: a call ended where not even its bookkeeping went on. */
  abandon(): void {
    this.#snapshot = undefined;
    this.#die();
  }

  /** One call into the guest; whatever is thrown by it is a fault. */
  #run<Returned>(call: () => Returned, fuel = this.#definition.policy.maxInstructions): Returned {
    const stackTraceLimit = this.#enter(fuel);
    try {
      const returned = call();
      this.#returned();
      return returned;
    } catch (error) {
      throw this.#fault(error);
    } finally {
      this.#leave(stackTraceLimit);
    }
  }

  /** @returns How many frames errors captured before, for {@link #leave}. */
  #enter(fuel: number | undefined): number {
    const { context, wasi } = this.#surroundings;
    const stackTraceLimit = this.#enterStretch();
    context.begin();
    wasi?.begin();
    this.#memory.begin();
    this.#fuel = fuel;
    // Also where nothing counts: what a call before has left would end this one.
    this.#control.fuel = fuel ?? 0;
    return stackTraceLimit;
  }

  #enterStretch(): number {
    if (this.#state !== 'ready') throw cannotEnter(this.#state);
    this.#state = 'running';
    const { stackTraceLimit } = Error;
    if (stackTraceLimit !== CAPTURED_FRAMES) captureFrames(CAPTURED_FRAMES);
    return stackTraceLimit;
  }

  /** It may have run out of fuel behind its last check. */
  #returned(): void {
    if (this.#fuel !== undefined && this.#control.fuel < 0) throw new OutOfFuel();
    this.#state = 'ready';
  }

  #fault(error: unknown): PluginError {
    const { stackBytes, wasi } = this.#surroundings;
    if (!isOrderly(error)) this.#snapshot = undefined;
    this.#die();
    // Its caller has been told; to find lines of source for nobody would hold up the next request.
    if (this.#control.isInterrupted) return new PluginError('ERR_ABORTED', 'The call was interrupted');
    const { maxMemoryBytes, maxInstructions } = this.#definition.policy;
    if (this.#fuel !== undefined && this.#control.fuel < 0)
      return instructionLimit(this.#fuel, this.#fuel === maxInstructions ? 'maxInstructions' : 'inlineInstructions');
    const locate = (frames: readonly WasmFrame[]) => sourceLocations(this.#definition).locate(frames);
    const lastWords = wasi?.lastWords() ?? [];
    return toFault(error, { maxMemoryBytes, stackBytes, memoryRefused: this.#memory.refused, lastWords, locate });
  }

  #leave(stackTraceLimit: number): void {
    if (stackTraceLimit !== CAPTURED_FRAMES) captureFrames(stackTraceLimit);
    this.#surroundings.wasi?.flush();
  }

  #limitOutput(...texts: readonly string[]): void {
    const { maxOutputBytes } = this.#definition.policy;
    // A UTF-16 code unit is at most three bytes of UTF-8, so that most answers need not be measured.
    if (texts.reduce((units, text) => units + text.length, 0) * 3 <= maxOutputBytes) return;
    const bytes = textBytes(texts);
    if (bytes <= maxOutputBytes) return;
    this.#die();
    throw outputLimit(bytes, maxOutputBytes);
  }

  #die(): void {
    const { wasi, onDropped } = this.#surroundings;
    this.#state = 'dead';
    // Who kept it decides what becomes of it.
    if (this.#snapshot !== undefined) return;
    wasi?.close();
    this.#live?.release();
    this.#live = undefined;
    if (onDropped !== undefined) this.#memory.end(onDropped);
  }
}

function textBytes(texts: readonly string[]): number {
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
}

function cannotEnter(state: 'running' | 'dead'): PluginError {
  const message =
    state === 'running' ? 'The plugin was called while it was running' : 'The instance of the plugin has ended';
  return new PluginError('ERR_TRAP', message, { trap: 'cannot-enter' });
}
