import { CapabilityManager } from '../host/policy/capabilities.ts';
import { loadExecutor } from '../isolation/open-executor.ts';
import { Metrics } from '../observe/metrics.ts';
import { assertPackage, usePackageDirectory } from '../package/root.ts';
import { Registry } from '../registry/registry.ts';
import { ENGINE_CLOSED, REVOKED, UNLOADED } from '../session/endings.ts';
import { Sessions } from '../session/sessions.ts';
import { Announcer, type Emit } from './announcer.ts';
import { Batches } from './batches.ts';
import { assertDirectory, assertThreads } from './environment.ts';
import { Life } from './life.ts';
import { type EngineOptions, resolveOptions } from './options.ts';
import { Plugins } from './plugins.ts';
import { heedProcessLimits } from './process-limits.ts';
import { Requests } from './requests.ts';
import { describeStatus, type EngineStatus } from './status.ts';

/** What an engine is made of. */
export interface EngineParts {
  readonly capabilities: CapabilityManager;
  readonly metrics: Metrics;
  readonly plugins: Plugins;
  readonly requests: Requests;
  readonly batches: Batches;
  readonly sessions: Sessions;
  readonly life: Life;
  readonly status: () => EngineStatus;
}

/**
 * Makes the parts of an engine and joins them.
 *
 * @returns What makes them for the engine whose events are emitted like this.
 */
export async function prepareParts(options: EngineOptions): Promise<(emit: Emit) => EngineParts> {
  const { threads, keepWarmMs, policies, verify, packageDirectory, maxSessions, maxSessionsPerPlugin, ...others } =
    resolveOptions(options);
  const { queueLimit: queue, maxThreads, maxOutstandingBytes: outstandingBytes } = others;
  const limits = { queue, threads: maxThreads, outstandingBytes };
  if (packageDirectory !== undefined) usePackageDirectory(packageDirectory);
  assertPackage();
  const [openExecutor] = await Promise.all([loadExecutor({ threads, ...others }), heedProcessLimits()]);
  assertThreads();
  assertDirectory();
  return (emit) => {
    const announcer = new Announcer(emit);
    const executor = openExecutor(announcer.executor);
    const { scheduler } = executor;
    const capabilities = new CapabilityManager(async (changes) => {
      const [{ plugin, change }] = changes as readonly [(typeof changes)[number]];
      const tell = (): void => announcer.tellGrants(changes);
      // Their instances have what is taken back.
      if (change !== 'granted') void sessions.endAll(REVOKED, 'now', plugin);
      if (change === 'granted') await registry.refresh(plugin, 'stays').then(tell);
      // What was taken back is gone in any case.
      else await registry.refresh(plugin, 'goes').finally(tell);
    }, policies);
    const registry = new Registry(
      executor,
      capabilities,
      { keepWarmMs, verify },
      {
        ...announcer.registry,
        onState: (transition) => {
          if (transition.to === 'draining') void sessions.endAll(UNLOADED, 'when done', transition.plugin);
          announcer.registry.onState(transition);
        },
      },
    );
    const { maxTotalMemoryBytes } = others;
    const sessions = new Sessions(scheduler, registry, { maxSessions, maxSessionsPerPlugin, maxTotalMemoryBytes });
    const life = new Life(executor, registry, () => sessions.endAll(ENGINE_CLOSED, 'when done'));
    const requests = new Requests(scheduler, registry, life, threads);
    const plugins = new Plugins(registry, life, announcer, sessions);
    return {
      capabilities,
      metrics: new Metrics(scheduler, {
        states: () => registry.states(),
        sessions: () => sessions.counts(),
        limits,
        get reloadFailures() {
          return announcer.reloadFailures;
        },
      }),
      plugins,
      requests,
      batches: new Batches(scheduler, registry, life, requests, threads),
      sessions,
      life,
      status: () => describeStatus(executor, plugins, sessions),
    };
  };
}
