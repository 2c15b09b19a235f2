import { hash } from 'node:crypto';
import { knownKeys } from '../arguments/arguments.ts';
import type { PluginEngine } from '../engine.ts';
import type { Capability, GrantDetails } from '../host/policy/capabilities.ts';
import type { DecisionOptions } from '../registry/decision.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import { jsonOf, readBody, textOf } from './body.ts';
import type { Exchange } from './exchange.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { path, type Route } from './routes.ts';

type Action = (exchange: Exchange, parameters: readonly string[]) => unknown;

/** What changes something: for administrators, and for the audit log. */
export function administrationRoutes(engine: PluginEngine, options: ResolvedHandlerOptions): readonly Route[] {
  const { maxBodyBytes, maxComponentBytes, bodyTimeoutMs: timeoutMs } = options;
  const component = async (exchange: Exchange): Promise<Buffer> => {
    const bytes = await readBody(exchange, { maxBytes: maxComponentBytes, timeoutMs });
    exchange.audited.sha256 = hash('sha256', bytes);
    return bytes;
  };
  const fields = async (exchange: Exchange, keys: readonly string[]): Promise<Record<string, unknown>> => {
    const body = textOf(await readBody(exchange, { maxBytes: maxBodyBytes, timeoutMs }));
    const value = knownKeys('body', jsonOf(body), keys);
    Object.assign(exchange.audited, value);
    return value;
  };
  const route = (method: Route['method'], pattern: string, action: string, run: Action): Route => ({
    method,
    path: path(pattern),
    access: 'administrator',
    action,
    run: async (exchange, parameters) => {
      const result = (await run(exchange, parameters)) ?? {};
      exchange.sendJson(200, result);
    },
  });
  return [
    route('PUT', '/plugins/:', 'load', async (exchange, [name]) => {
      const loading = loadOptions(exchange);
      const bytes = await component(exchange);
      const { version, sha256 } = engine.getPlugin(name!)
        ? await engine.reloadPlugin(name!, bytes, loading)
        : await engine.loadPlugin(name!, bytes, loading ?? {});
      return { version, sha256 };
    }),
    route('DELETE', '/plugins/:', 'unload', async (exchange, [name]) => {
      await engine.unloadPlugin(name!, { force: exchange.query.get('force') === 'true' });
    }),
    route('POST', '/plugins/:/reload', 'reload', async (exchange, [name]) => {
      const { version, sha256 } = await engine.reloadPlugin(name!);
      exchange.audited.sha256 = sha256;
      return { version, sha256 };
    }),
    route('PUT', '/plugins/:/versions/:', 'load-version', async (exchange, [name, version]) => {
      const loading = { ...loadOptions(exchange), version: version! };
      exchange.audited.version = version;
      const { role, sha256 } = await engine.versions(name!).load(await component(exchange), loading);
      return { version, role, sha256 };
    }),
    route('DELETE', '/plugins/:/versions/:', 'unload-version', async (exchange, [name, version]) => {
      exchange.audited.version = version;
      await engine.versions(name!).unload(version!);
    }),
    route('PUT', '/plugins/:/canary', 'canary', async (exchange, [name]) => {
      const { version, percentage, decide } = await fields(exchange, ['version', 'percentage', 'decide']);
      const versions = engine.versions(name!);
      const rules = decide === undefined ? {} : { decide: decide as DecisionOptions };
      if (engine.getPlugin(name!)?.canary?.version === version && decide === undefined) {
        versions.setCanaryPercentage(percentage as number);
      } else versions.deployCanary(version as string, percentage as number, rules);
      return { version, percentage };
    }),
    route('POST', '/plugins/:/promote', 'promote', (exchange, [name]) => {
      const previous = engine.versions(name!).promoteCanary();
      exchange.audited.previous = previous;
      return { previous };
    }),
    route('POST', '/plugins/:/rollback', 'rollback', (exchange, [name]) => {
      const rolledBack = engine.versions(name!).rollback();
      exchange.audited.rolledBack = rolledBack;
      return { rolledBack };
    }),
    route('PUT', '/plugins/:/grants/:', 'grant', async (exchange, [name, capability]) => {
      exchange.audited.capability = capability;
      const details = await fields(exchange, ['directory', 'mount', 'host', 'name']);
      await engine.capabilities.grant(name!, capability as Capability, details as GrantDetails);
    }),
    route('DELETE', '/plugins/:/grants/:', 'revoke', async (exchange, [name, capability]) => {
      exchange.audited.capability = capability;
      await engine.capabilities.revoke(name!, capability as Capability);
    }),
    route('GET', '/plugins/:/quarantine', 'show-quarantine', (_, [name]) => ({ inputs: engine.quarantined(name!) })),
    route('DELETE', '/plugins/:/quarantine', 'clear-quarantine', (_, [name]) => ({
      cleared: engine.clearQuarantine(name!),
    })),
    route('DELETE', '/plugins/:/quarantine/:', 'clear-quarantine', (exchange, [name, sha256]) => {
      exchange.audited.sha256 = sha256;
      return { cleared: engine.clearQuarantine(name!, sha256) };
    }),
  ];
}

/** What a load says in the query; undefined keeps what a plugin that is there was loaded with. */
function loadOptions({ query, audited }: Exchange): LoadOptions | undefined {
  const sandbox = query.get('sandbox');
  const version = query.get('version');
  if (sandbox === null && version === null) return undefined;
  Object.assign(audited, { ...(sandbox !== null && { sandbox }), ...(version !== null && { version }) });
  // A word that is none is refused where policies are checked.
  return {
    ...(sandbox !== null && { sandbox: sandbox as 'restricted' }),
    ...(version !== null && { version }),
  };
}
