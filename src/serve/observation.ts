import type { PluginEngine } from '../engine.ts';
import { PluginError } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { HttpCounts } from './http-counts.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { path, type Route } from './routes.ts';
import { Circuits, statusFeed } from './status-feed.ts';
import { statusPage } from './status-page.ts';

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

/** What only looks: which plugins there are, whether the server is well, what it has counted. */
export function observationRoutes(
  engine: PluginEngine,
  { isReady, metrics }: ResolvedHandlerOptions,
  counts: HttpCounts,
  closing?: AbortSignal,
): readonly Route[] {
  const circuits = new Circuits(engine);
  return [
    { method: 'GET', path: path('/'), access: 'open', run: statusPage },
    {
      method: 'GET',
      path: path('/status/events'),
      access: 'observer',
      run: (exchange) => statusFeed(engine, circuits, exchange, closing),
    },
    { method: 'GET', path: path('/plugins'), access: 'client', run: (exchange) => list(engine, exchange) },
    {
      method: 'GET',
      path: path('/plugins/:'),
      access: 'client',
      run: (exchange, [name]) => show(engine, exchange, name!),
    },
    // That it answers is what is asked: no plugin runs for it, so that none can have the process ended.
    {
      method: 'GET',
      path: path('/healthz'),
      access: 'open',
      run: (exchange) => exchange.sendJson(200, { status: 'alive' }),
    },
    {
      method: 'GET',
      path: path('/readyz'),
      access: 'open',
      run: (exchange) => (isReady() ? exchange.sendJson(200, { status: 'ready' }) : notReady(exchange)),
    },
    {
      method: 'GET',
      path: path('/metrics'),
      access: 'client',
      run: async (exchange) =>
        exchange.send(200, PROMETHEUS, `${await engine.metrics.prometheus(metrics)}${counts.text()}`),
    },
  ];
}

function notReady(exchange: Exchange): void {
  exchange.sendJson(503, { status: 'not ready' }, { 'retry-after': '1' });
}

function list(engine: PluginEngine, exchange: Exchange): void {
  exchange.sendJson(200, { plugins: engine.listPlugins().map(({ name }) => describePlugin(engine, name)) });
}

function show(engine: PluginEngine, exchange: Exchange, name: string): void {
  const plugin = describePlugin(engine, name);
  if (plugin === undefined) throw new PluginError('ERR_PLUGIN_NOT_FOUND', 'There is no such plugin');
  exchange.sendJson(200, plugin);
}

/** What a client may know of a plugin: nothing of where it lies and of what it may reach. */
function describePlugin(engine: PluginEngine, name: string): object | undefined {
  const details = engine.getPlugin(name);
  if (details === undefined) return undefined;
  const { state, stable, canary, versions } = details;
  return {
    name,
    state,
    version: stable?.version,
    canary,
    versions: versions.map(({ version, role, world, metadata, sha256, loadedAt }) => ({
      version,
      role,
      world,
      metadata,
      sha256,
      loadedAt,
    })),
  };
}
