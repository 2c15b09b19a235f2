import { clearInterval, setInterval } from 'node:timers';
import type { EngineEvents } from '../engine/events.ts';
import type { PluginEngine } from '../engine.ts';
import type { Exchange } from './exchange.ts';

/** Milliseconds between two looks at the numbers. */
const INTERVAL_MS = 1000;
/** Bytes that wait for a reader; what comes while there are more is left out, as a plugin decides how much it logs. */
const MAX_WAITING = 256 * 1024;

/** What became of a plugin, as the page shows it. */
interface Note {
  readonly plugin?: string;
  readonly text: string;
}

/** What is told of each event of the engine's. */
const NOTES: { readonly [Name in keyof EngineEvents]?: (...args: EngineEvents[Name]) => Note } = {
  'plugin:log': ({ plugin, level, message }) => ({ plugin, text: `[${level}] ${message}` }),
  'plugin:loaded': ({ name, version }) => ({ plugin: name, text: `loaded, version ${version}` }),
  'plugin:reloaded': ({ name, version }) => ({ plugin: name, text: `replaced, version ${version}` }),
  'plugin:reload-failed': (plugin, { code }) => ({ plugin, text: `was not replaced: ${code}` }),
  'plugin:unloaded': ({ name }) => ({ plugin: name, text: 'unloaded' }),
  'worker:terminated': ({ plugin, code, requestId }) => ({
    plugin,
    text: `cost a thread: ${code}, request ${requestId}`,
  }),
  'worker:stuck': ({ plugin, code }) => ({ plugin, text: `holds a thread that does not end: ${code}` }),
  'circuit:open': ({ plugin, code }) => ({ plugin, text: `is not tried for now: ${code}` }),
  'circuit:closed': ({ plugin }) => ({ plugin, text: 'is tried again' }),
  'input:quarantined': ({ plugin, sha256 }) => ({ plugin, text: `an input is refused from now on: ${sha256}` }),
  'canary:deployed': ({ plugin, version, percentage }) => ({ plugin, text: `canary ${version} gets ${percentage} %` }),
  'canary:promoted': ({ plugin, version, reason }) => ({ plugin, text: `${version} was promoted: ${reason}` }),
  'canary:rolled-back': ({ plugin, version, reason }) => ({ plugin, text: `${version} was rolled back: ${reason}` }),
};

/**
 * `GET /status/events`: server-sent events, `status` each second and `note` for what happens, until the client goes.
 *
 * @param closing Ends it, too.
 */
export function statusFeed(engine: PluginEngine, circuits: Circuits, exchange: Exchange, closing?: AbortSignal): void {
  const { response } = exchange;
  exchange.begin(200, 'text/event-stream');
  if (exchange.request.method === 'HEAD' || closing?.aborted) {
    response.end();
    return;
  }
  let leftOut = 0;
  const send = (event: string, data: object): void => {
    if (response.writableLength > MAX_WAITING) leftOut++;
    else response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const look = (): void => {
    if (leftOut > 0 && response.writableLength === 0) {
      send('note', { text: `${leftOut} lines were left out` });
      leftOut = 0;
    }
    send('status', describe(engine, circuits));
  };
  const events = new Map<string, (...args: unknown[]) => void>();
  for (const [name, noteOf] of Object.entries(NOTES)) {
    events.set(name, (...args) => send('note', (noteOf as (...args: unknown[]) => Note)(...args)));
  }
  const emitter = engine as unknown as Emitter;
  for (const [name, listener] of events) emitter.on(name, listener);
  const timer = setInterval(look, INTERVAL_MS);
  const stop = (): void => {
    clearInterval(timer);
    for (const [name, listener] of events) emitter.off(name, listener);
    closing?.removeEventListener('abort', end);
  };
  const end = (): void => {
    // Nothing may be written from here on, and its client may take its time to read what was.
    stop();
    response.end();
  };
  closing?.addEventListener('abort', end);
  response.once('close', stop);
  look();
}

interface Emitter {
  on(name: string, listener: (...args: unknown[]) => void): void;
  off(name: string, listener: (...args: unknown[]) => void): void;
}

/** Which circuits are not closed: the engine tells of changes only. */
export class Circuits {
  readonly #open = new Map<string, string>();

  constructor(engine: PluginEngine) {
    for (const name of ['circuit:open', 'circuit:half-open', 'circuit:closed'] as const) {
      engine.on(name, ({ plugin, version, state }) => {
        if (state === 'closed') this.#open.delete(keyOf(plugin, version));
        else this.#open.set(keyOf(plugin, version), state);
      });
    }
    // Another version under the same name begins with a circuit of its own.
    const forget = ({ name, version }: { readonly name: string; readonly version: string }): void => {
      this.#open.delete(keyOf(name, version));
    };
    engine.on('plugin:loaded', forget);
    engine.on('plugin:reloaded', forget);
  }

  stateOf(plugin: string, version: string): string {
    return this.#open.get(keyOf(plugin, version)) ?? 'closed';
  }
}

function keyOf(plugin: string, version: string): string {
  return JSON.stringify([plugin, version]);
}

function describe(engine: PluginEngine, circuits: Circuits): object {
  const { plugins: counted } = engine.metrics.snapshot();
  const { queued, threads, outstandingBytes } = engine.status();
  const plugins = engine.listPlugins().flatMap(({ name }) => {
    const details = engine.getPlugin(name);
    if (details === undefined) return [];
    const { state, canary, versions } = details;
    const shown = versions.map(({ version, role }) => ({
      version,
      role,
      circuit: circuits.stateOf(name, version),
      ...numbersOf(counted.find((one) => one.plugin === name && one.version === version)),
    }));
    return [{ name, state, canary, quarantined: engine.quarantined(name).length, versions: shown }];
  });
  return { at: Date.now(), queued, threads, outstandingBytes, plugins };
}

type Counted = ReturnType<PluginEngine['metrics']['snapshot']>['plugins'][number];

function numbersOf(counted: Counted | undefined): object {
  const total = (counts: Counted['errors'] | undefined): number =>
    Object.values(counts ?? {}).reduce((sum: number, count) => sum + count, 0);
  return {
    calls: counted?.calls ?? 0,
    errors: total(counted?.errors),
    kills: total(counted?.workerKills),
    p50: counted?.durationMs.p50 ?? 0,
    p99: counted?.durationMs.p99 ?? 0,
    cpuMs: counted?.cpuMs ?? 0,
    memoryPeakBytes: counted?.memoryPeakBytes ?? 0,
    queueDepth: counted?.queueDepth ?? 0,
  };
}
