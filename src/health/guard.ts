import { type ErrorCode, PluginError } from '../errors.ts';
import type { Applicant, Gate, Request } from '../scheduler/gate.ts';
import type { Lane } from '../scheduler/lane.ts';
import { Circuit, type CircuitState } from './circuit.ts';
import { failedHow, isFailure, type ResolvedFailurePolicy } from './failure-policy.ts';
import type { Quarantine, QuarantinedInput } from './quarantine.ts';

/**
 * A change of a plugin's circuit.
 *
 * @example
 * const tell = ({ plugin, code, retryAfterMs }: CircuitChange) => console.error(plugin, code, retryAfterMs);
 * engine.on('circuit:open', tell);
 */
export interface CircuitChange {
  readonly plugin: string;
  readonly version: string;
  readonly state: CircuitState;
  /** Failures since the last answer. */
  readonly failures: number;
  /** The code of the last failure, if there was one. */
  readonly code: ErrorCode | undefined;
  /** Milliseconds until a request may try the plugin again. */
  readonly retryAfterMs: number;
}

/**
 * An input that is refused from now on.
 *
 * @example
 * const tell = ({ plugin, sha256, kills }: QuarantineChange) => console.error(plugin, sha256, kills);
 * engine.on('input:quarantined', tell);
 */
export interface QuarantineChange extends QuarantinedInput {
  readonly plugin: string;
  readonly version: string;
}

/** What a guard tells, and asks. */
export interface GuardListener {
  readonly onCircuit: (change: CircuitChange) => void;
  readonly onQuarantined: (change: QuarantineChange) => void;
  /** What has not begun goes through {@link Gate.admit} again. */
  readonly onOpened: (lane: Lane) => void;
  /** The lane of a version of a plugin, or the one that serves the plugin now. */
  readonly find: (plugin: string, version: string | undefined) => Lane | undefined;
}

/**
 * Stands before one version of a plugin: refuses what its failure policy says. While nothing has failed it only
 * compares one field for each request.
 */
export class Guard implements Gate<Lane> {
  readonly #lane: Lane;
  readonly #component: string;
  readonly #policy: ResolvedFailurePolicy;
  readonly #quarantine: Quarantine;
  readonly #listener: GuardListener;
  readonly #circuit: Circuit;
  #probe: Applicant<Lane> | undefined;
  #lastCode: ErrorCode | undefined;

  constructor(
    lane: Lane,
    component: string,
    policy: ResolvedFailurePolicy,
    quarantine: Quarantine,
    listener: GuardListener,
  ) {
    this.#lane = lane;
    this.#component = component;
    this.#policy = policy;
    this.#quarantine = quarantine;
    this.#listener = listener;
    this.#circuit = new Circuit(policy, (state) => this.#changed(state));
  }

  get circuit(): CircuitState {
    return this.#circuit.state;
  }

  get refusal(): PluginError | undefined {
    const { state, retryAfterMs } = this.#circuit;
    return state === 'half-open' || retryAfterMs > 0 ? this.#openError() : undefined;
  }

  admit(job: Applicant<Lane>, detours: 'one' | 'none' = 'one'): PluginError | undefined {
    // Not even by the fallback: what kills one plugin is not tried on the next.
    const refused = this.refusalOf(job, job.requestId);
    if (refused !== undefined) return refused;
    if (this.#circuit.state === 'closed') return undefined;
    const passage = this.#circuit.pass();
    if (passage === 'probe') this.#probe = job;
    if (passage !== 'no') return undefined;
    const stand = detours === 'none' ? undefined : this.#fallback();
    if (stand === undefined || stand === this.#lane) return this.#openError(job.requestId);
    // Two plugins that stand in for each other are no help: it is one detour at most.
    const refusal = stand.gate?.admit(job, 'none');
    if (refusal === undefined) job.moveTo(stand);
    return refusal === undefined ? undefined : this.#openError(job.requestId, refusal);
  }

  refusalOf(request: Request, requestId: string | undefined): PluginError | undefined {
    if (this.#quarantine.isEmpty) return undefined;
    const entry = this.#quarantine.refuse(this.#component, request);
    return entry && this.#inputError(requestId, entry);
  }

  settled(job: Applicant<Lane>, error: PluginError | undefined): void {
    const passage = job === this.#probe ? 'probe' : 'yes';
    // A call has failed once, however often it is divided to find the record that did it.
    const isCounted = job.carried?.isHalf !== true || passage === 'probe';
    if (passage === 'probe') this.#probe = undefined;
    if (error === undefined) {
      if (passage === 'probe' || this.#circuit.failures > 0) this.#circuit.succeeded(passage);
    } else if ((isFailure(error.code) && isCounted) || (passage === 'probe' && isLate(job, error.code))) {
      this.#lastCode = error.code;
      this.#circuit.failed(passage);
    } else if (passage === 'probe') this.#circuit.gaveUp();
  }

  killed(job: Applicant<Lane>, { code }: PluginError): void {
    // Only now is it known that it was the plugin that used its caller's time, and neither the queue nor a busy machine.
    if (isLate(job, code)) {
      this.#lastCode = code;
      this.#circuit.failed('yes');
    }
    // An instance that does not come up is not the fault of the input that it was made for.
    if (job.kind !== 'process' || !isFailure(code) || code === 'ERR_INITIALIZE_FAILED') return;
    // Of several records nobody knows which it was.
    if (job.carried !== undefined && job.carried.records.length > 1) return;
    const blamed = job.carried?.records[0] ?? job;
    const entry = this.#quarantine.killed(this.#component, blamed, code, this.#policy.maxKills);
    if (entry.kills === this.#policy.maxKills) this.#listener.onQuarantined({ ...this.#identity, ...entry });
  }

  #fallback(): Lane | undefined {
    const { fallback } = this.#policy;
    if (fallback === undefined) return undefined;
    if (typeof fallback === 'string') return this.#listener.find(fallback, undefined);
    return this.#listener.find(this.#lane.definition.plugin, fallback.version);
  }

  get #identity(): { readonly plugin: string; readonly version: string } {
    return { plugin: this.#lane.definition.plugin, version: this.#lane.version };
  }

  #changed(state: CircuitState): void {
    const { failures, retryAfterMs } = this.#circuit;
    this.#listener.onCircuit({ ...this.#identity, state, failures, code: this.#lastCode, retryAfterMs });
    if (state === 'open') this.#listener.onOpened(this.#lane);
  }

  #openError(requestId?: string, cause?: PluginError): PluginError {
    const { failures, retryAfterMs, state } = this.#circuit;
    const when = state === 'half-open' ? 'one request tries it now' : `one may try it again in ${retryAfterMs} ms`;
    const message = `The plugin ${failedHow(failures, this.#lastCode)}; ${when}`;
    return new PluginError('ERR_PLUGIN_QUARANTINED', message, {
      ...this.#identity,
      requestId,
      hint: 'Reload a version that works, or name a `fallback` in its `failurePolicy`.',
      retryAfterMs,
      cause,
    });
  }

  #inputError(requestId: string | undefined, { sha256, kills, code }: QuarantinedInput): PluginError {
    const message = `The input ${sha256} has killed ${kills} workers of the plugin, last with ${code}`;
    return new PluginError('ERR_PLUGIN_QUARANTINED', message, {
      ...this.#identity,
      requestId,
      hint: 'Reload a version that can take it, or let it through again with `clearQuarantine`.',
    });
  }
}

/** Whether a request ran into its caller's deadline while the plugin had it. */
function isLate({ kind, began }: Applicant<Lane>, code: ErrorCode): boolean {
  return kind === 'process' && began && code === 'ERR_DEADLINE';
}
