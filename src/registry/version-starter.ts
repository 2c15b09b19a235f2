import { nonEmptyString, oneOf } from '../arguments/arguments.ts';
import type { ArtifactCompiler } from '../artifact/compiler.ts';
import type { PluginResponse } from '../contract/values.ts';
import { SourceLocations } from '../dwarf/source-locations.ts';
import { PluginError } from '../errors.ts';
import { resolveCheck, runSelfTest } from '../health/check.ts';
import { resolveFailurePolicy } from '../health/failure-policy.ts';
import type { Guards } from '../health/guards.ts';
import type { CapabilityManager } from '../host/policy/capabilities.ts';
import { environmentOf } from '../host/policy/environment.ts';
import { missingDirectories } from '../host/policy/missing-directories.ts';
import type { PluginWarning } from '../observe/events.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { type ProcessRequest, resolveInput, resolveRequestOptions } from '../request/request.ts';
import type { Lane } from '../scheduler/lane.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import { cleanLogLine } from '../text/log-line.ts';
import { resolveConfig } from './config.ts';
import type { LoadedComponent, LoadOptions, PluginSource, PluginVersion } from './plugin-version.ts';

/** Makes versions of components: each comes up whole, self-test passed and guard in place, or leaves nothing behind. */
export class VersionStarter {
  readonly #compiler: ArtifactCompiler;
  readonly #capabilities: CapabilityManager;
  readonly #scheduler: Scheduler;
  readonly #guards: Guards;
  readonly #onWarning: (warning: PluginWarning) => void;

  constructor(
    compiler: ArtifactCompiler,
    capabilities: CapabilityManager,
    scheduler: Scheduler,
    guards: Guards,
    onWarning: (warning: PluginWarning) => void,
  ) {
    this.#compiler = compiler;
    this.#capabilities = capabilities;
    this.#scheduler = scheduler;
    this.#guards = guards;
    this.#onWarning = onWarning;
  }

  /** Compiles a component, or takes it from a cache, and starts it. @throws {PluginError} what says why it is unusable. */
  async bringUp(plugin: string, source: PluginSource, options: LoadOptions): Promise<PluginVersion> {
    const { maxMemoryBytes } = this.#capabilities.resolve(plugin, options.sandbox);
    const world = oneOf('world', options.world, ['plugin', 'any'], 'plugin');
    try {
      const { artifact, modules } = await this.#compiler.load(source, { maxMemoryBytes, world });
      return await this.start(plugin, { artifact, modules, source }, options);
    } catch (error) {
      throw error instanceof PluginError && error.plugin === undefined ? error.with({ plugin }) : error;
    }
  }

  /** Makes the first instance; what fails on the way leaves nothing behind. */
  async start(plugin: string, component: LoadedComponent, options: LoadOptions): Promise<PluginVersion> {
    const { artifact, modules, source } = component;
    const policy = this.#capabilities.resolve(plugin, options.sandbox);
    if (policy.sha256 !== undefined && policy.sha256 !== artifact.sha256) {
      throw new PluginError(
        'ERR_CAPABILITY_DENIED',
        `The policy is for ${policy.sha256}, and the component is ${artifact.sha256}`,
        {
          plugin,
          hint: 'Look at what changed in the component, then pin its new `sha256` in the policy.',
        },
      );
    }
    const config = resolveConfig(options.config);
    const selfTest = resolveCheck('selfTest', options.selfTest);
    resolveCheck('healthCheck', options.healthCheck);
    const { failurePolicy } = options;
    if (failurePolicy !== undefined) resolveFailurePolicy(failurePolicy);
    const version =
      options.version === undefined ? artifact.sha256.slice(0, 12) : nonEmptyString('version', options.version);
    const lane = this.#scheduler.open({
      plugin,
      version,
      contract: artifact.contract,
      binding: artifact.binding,
      modules,
      maxBytes: artifact.summary.maxBytes,
      environment: environmentOf(policy),
      config,
      policy,
    });
    lane.locations = new SourceLocations(artifact.modules.map(({ bytes }) => bytes));
    try {
      const metadata = await this.#scheduler.prepare(lane);
      if (options.version === undefined && metadata !== undefined && metadata.version !== '') {
        lane.version = cleanLogLine(metadata.version);
      }
      if (selfTest !== undefined)
        await runSelfTest(selfTest, (request) => this.ask(lane, request, 'self-test'), policy.wallTimeLimitMs);
      for (const message of await missingDirectories(policy, artifact.contract.wasi)) {
        this.#onWarning({ plugin, version: lane.version, message });
      }
      this.#guards.place(lane, artifact.sha256, failurePolicy);
      return { lane, artifact, modules, metadata, policy, source, options, loadedAt: new Date() };
    } catch (error) {
      // What a self-test has asked and not waited for.
      this.#scheduler.abandon(lane, (job) => job.error('ERR_ABORTED', 'The version did not come up'));
      await this.#scheduler.drain(lane);
      await this.#scheduler.close(lane);
      throw error;
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
    this.#scheduler.submit(lane, resolveInput({ input }), resolveRequestOptions(options), call, undefined, settled);
    return settled.promise;
  }

  /** Ends a version that has come up and serves nobody. */
  async takeDown({ lane }: PluginVersion): Promise<void> {
    await this.#scheduler.drain(lane);
    await this.#scheduler.close(lane);
  }
}
