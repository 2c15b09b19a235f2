import { nonEmptyString } from '../arguments/arguments.ts';
import { type PluginSource, readSource } from '../artifact/source.ts';
import { readWit } from '../artifact/wit-text.ts';
import type { PluginResponse } from '../contract/values.ts';
import { PluginError } from '../errors.ts';
import { resolveCheck, runSelfTest } from '../health/check.ts';
import { resolveFailurePolicy } from '../health/failure-policy.ts';
import type { Guards } from '../health/guards.ts';
import { resolveImports, suppliedByNobody, supply } from '../host/imports/embedder-imports.ts';
import type { Provided } from '../host/imports/provided.ts';
import type { CapabilityManager } from '../host/policy/capabilities.ts';
import { environmentOf } from '../host/policy/environment.ts';
import { missingDirectories } from '../host/policy/missing-directories.ts';
import { type ResolvedInline, resolvePlacement } from '../inline/placement.ts';
import { isReference } from '../oci/reference.ts';
import { playbackOf } from '../recording/playback.ts';
import { RecordingFiles } from '../recording/recording-files.ts';
import { resolveBatchCalls } from '../request/batch-calls.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../request/request.ts';
import type { Lane } from '../scheduler/lane.ts';
import { type ResolvedVerify, resolveVerify, type Signer, type VerifyOptions } from '../signature/verify-options.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { resolveConfig } from './config.ts';
import type { Executor, Scheduling } from './executor.ts';
import type { KeptRecording } from './kept-recording.ts';
import { resolveWorld } from './load-options.ts';
import type { LoadedComponent, LoadOptions, PluginVersion } from './plugin-version.ts';
import type { PluginWarning } from './plugin-warning.ts';
import { recorderOf } from './version-recorder.ts';

/** What is told of the versions that come up. */
export interface StarterListener {
  readonly onWarning: (warning: PluginWarning) => void;
  readonly onRecorded: (kept: KeptRecording) => void;
}

/** A source that was read, or need not be yet. */
interface Read {
  readonly read: PluginSource;
  readonly signer: Signer | undefined;
}

/** Makes versions of components: each comes up whole, self-test passed and guard in place, or leaves nothing behind. */
export class VersionStarter {
  readonly #executor: Executor;
  readonly #capabilities: CapabilityManager;
  readonly #scheduler: Scheduling;
  readonly #guards: Guards;
  readonly #provided: Provided;
  readonly #verify: VerifyOptions | undefined;
  readonly #recordings: RecordingFiles;
  readonly #givenUp = new AbortController();
  readonly #onWarning: (warning: PluginWarning) => void;

  constructor(
    executor: Executor,
    capabilities: CapabilityManager,
    guards: Guards,
    provided: Provided,
    verify: VerifyOptions | undefined,
    listener: StarterListener,
  ) {
    const { onWarning, onRecorded } = listener;
    this.#recordings = new RecordingFiles({
      onKept: ({ plugin, version, request: { requestId } }, file) => onRecorded({ plugin, version, requestId, file }),
      onLost: onWarning,
    });
    this.#executor = executor;
    this.#capabilities = capabilities;
    this.#scheduler = executor.scheduler;
    this.#guards = guards;
    this.#provided = provided;
    this.#verify = verify;
    this.#onWarning = onWarning;
  }

  /** Compiles a component, or takes it from a cache, and starts it. @throws {PluginError} what says why it is unusable. */
  async bringUp(plugin: string, source: PluginSource, loadOptions: LoadOptions): Promise<PluginVersion> {
    // What is started again with its options later is not the caller's to give up any more.
    const { signal, ...options } = loadOptions;
    const group = groupOf(plugin, options);
    const policy = this.#capabilities.resolve(plugin, options.sandbox);
    const { maxMemoryBytes, interrupt, maxInstructions } = policy;
    const metered = maxInstructions !== undefined;
    const { world, own } = resolveWorld(options);
    resolvePlacement(options);
    resolveImports(options.imports);
    const verify = resolveVerify(options.verify ?? this.#verify);
    try {
      const use = { plugin, policy, group, signal };
      const wit = own && (await Promise.all(own.wit.map(readWit)));
      const made = { maxMemoryBytes, interrupt, metered, world, ...(own && { own: { names: own.names, wit: wit! } }) };
      const { read, signer } = await this.#read(source, verify, signal);
      const component = await this.#executor.load(read, made, use);
      return await this.start(plugin, { component, source, signer }, options, signal);
    } catch (error) {
      if (signal?.aborted === true) {
        throw new PluginError('ERR_ABORTED', 'The load was aborted', { plugin, cause: signal.reason });
      }
      throw error instanceof PluginError && error.plugin === undefined ? error.with({ plugin }) : error;
    }
  }

  /** What is signed, or in a registry, is read here; a file and bytes are read where they are compiled. */
  async #read(
    source: PluginSource,
    verify: ResolvedVerify | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Read> {
    if (verify === undefined && !isReference(source)) return { read: source, signer: undefined };
    const ends = signal === undefined ? this.#givenUp.signal : AbortSignal.any([signal, this.#givenUp.signal]);
    if (verify === undefined) return { read: await readSource(source, ends), signer: undefined };
    // Most programs have no use for it.
    const { readSigned } = await import('../signature/signed-source.ts');
    const { bytes, signer } = await readSigned(source, verify, ends);
    return { read: bytes, signer };
  }

  /** Resolves when what was to be recorded is in its files. */
  recorded(): Promise<void> {
    return this.#recordings.settled();
  }

  /** Ends what waits for a registry. */
  giveUp(reason: PluginError): void {
    this.#givenUp.abort(reason);
  }

  /** Makes the first instance; what fails on the way leaves nothing behind. */
  async start(
    plugin: string,
    loaded: LoadedComponent,
    options: LoadOptions,
    signal?: AbortSignal,
  ): Promise<PluginVersion> {
    const { component, source, signer } = loaded;
    const { sha256 } = component;
    const policy = this.#capabilities.resolve(plugin, options.sandbox);
    if (policy.sha256 !== undefined && policy.sha256 !== sha256) {
      throw new PluginError(
        'ERR_CAPABILITY_DENIED',
        `The policy is for ${policy.sha256}, and the component is ${sha256}`,
        {
          plugin,
          hint: 'Look at what changed in the component, then pin its new `sha256` in the policy.',
        },
      );
    }
    const config = resolveConfig(options.config);
    const offers = resolveImports(options.imports);
    const { needs } = component.contract;
    const { imports, functions } =
      playbackOf(options) === undefined ? supply(needs, offers, this.#provided.to(plugin)) : suppliedByNobody(needs);
    const inline = resolvePlacement(options);
    const selfTest = resolveCheck('selfTest', options.selfTest);
    resolveCheck('healthCheck', options.healthCheck);
    const { failurePolicy, batchCalls } = options;
    resolveBatchCalls(batchCalls);
    if (failurePolicy !== undefined) resolveFailurePolicy(failurePolicy);
    const version = options.version === undefined ? sha256.slice(0, 12) : nonEmptyString('version', options.version);
    const recorded = { plugin, sha256, policy, config: Object.fromEntries(config) };
    const isHere = this.#executor.placeInline !== undefined;
    const recording = recorderOf(recorded, options, this.#recordings, isHere);
    const lane = component.open({
      group: groupOf(plugin, options),
      plugin,
      version,
      environment: environmentOf(policy),
      config,
      policy,
      imports,
      ...(recording !== undefined && { tape: recording.tape }),
    });
    lane.recorder = recording?.recorder;
    lane.hostFunctions = functions;
    const onAbort = (): void =>
      this.#scheduler.abandon(lane, (job) => job.error('ERR_ABORTED', 'The load was aborted'));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      if (inline !== undefined) await this.#placeInline(lane, inline);
      const metadata = await this.#scheduler.prepare(lane);
      if (options.version === undefined && metadata !== undefined && metadata.version !== '') {
        lane.version = cleanLogLine(metadata.version);
      }
      if (selfTest !== undefined)
        await runSelfTest(selfTest, (request) => this.ask(lane, request, 'self-test'), policy.wallTimeLimitMs);
      for (const message of await missingDirectories(policy, component.contract.wasi)) {
        this.#onWarning({ plugin, version: lane.version, message });
      }
      signal?.throwIfAborted();
      await this.#guards.place(lane, sha256, failurePolicy);
      return { lane, component, metadata, policy, source, signer, options, loadedAt: new Date() };
    } catch (error) {
      // What a self-test has asked and not waited for.
      this.#scheduler.abandon(lane, (job) => job.error('ERR_ABORTED', 'The version did not come up'));
      await this.#scheduler.drain(lane);
      await this.#scheduler.close(lane);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** A request of a check: the plugin's own traffic does not hold it up. */
  async ask(
    lane: Lane,
    { input, options }: ProcessRequest,
    requestId: string,
    deadline: Pick<ProcessOptions, 'deadlineMs'> = {},
  ): Promise<PluginResponse> {
    const call = { requestId, priority: Number.MAX_VALUE, whenFull: 'wait', ...deadline } as const;
    const settled = Promise.withResolvers<PluginResponse>();
    this.#scheduler.submit(
      lane,
      resolveInput({ input }),
      resolveRequestOptions(options),
      call,
      undefined,
      settled,
      undefined,
      'here',
    );
    return settled.promise;
  }

  async #placeInline(lane: Lane, inline: ResolvedInline): Promise<void> {
    if (this.#executor.placeInline === undefined) {
      const message = "`placement: 'inline'` runs a plugin in this process, and `isolation: 'process'` keeps it out";
      throw new PluginError('ERR_INVALID_ARGUMENT', message, { hint: 'Leave one of the two out.' });
    }
    await this.#executor.placeInline(lane, inline);
  }

  /** Ends a version that has come up and serves nobody. */
  async takeDown({ lane }: PluginVersion): Promise<void> {
    await this.#scheduler.drain(lane);
    await this.#scheduler.close(lane);
  }
}

function groupOf(plugin: string, { group }: LoadOptions): string {
  return group === undefined ? plugin : nonEmptyString('group', group);
}
