import { PluginEngine } from '../../engine.ts';
import type { Sandbox } from '../../host/policy/policy.ts';
import type { Candidate, Setting } from '../scenario.ts';

/** A stall shows in the latencies of what waits for it, and not as requests that were refused. */
const QUEUE_LIMIT = 1_000_000;

/** The plugin in this library's engine, as a program would use it. */
export async function open({
  component,
  request,
  config,
  sandbox,
  imports = {},
  threads,
}: Setting): Promise<Candidate> {
  const engine = await PluginEngine.create({ threads, queueLimit: QUEUE_LIMIT });
  await engine.loadPlugin('plugin', component, { config, imports, sandbox: sandbox as Sandbox });
  return {
    process: (input) => engine.process('plugin', { input, options: request.options }),
    close: () => engine.close(),
  };
}
