import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import type { Order, Outcome } from './protocol.ts';

/*
 * The host that one gets by putting jco and preview2-shim together as their documentation shows, with the strictest
 * options of the shim's sandbox. A process of its own: an attack may do to it what it likes.
 */

interface Plugin {
  initialize(config: [string, string][]): void;
  process(request: { input: string; options: [string, string][] }): { output: string; success: boolean };
  shutdown(): void;
  getMetadata(): unknown;
}

process.once('message', async (order: Order) => {
  const outcome = await run(order);
  const { maxRSS } = process.resourceUsage();
  process.send?.({ ...outcome, megabytes: Math.round(maxRSS / 1024) } satisfies Outcome, () => {
    // The streams of the shim write through a thread of its own, which gets a moment to finish.
    setTimeout(() => process.stdout.write('', () => process.exit()), 500);
  });
});

async function run(order: Order): Promise<Omit<Outcome, 'megabytes'>> {
  let plugin: Plugin;
  try {
    plugin = await load(order);
  } catch (error) {
    return { ended: 'not loaded', message: text(error), ...injected(order) };
  }
  try {
    for (const input of order.before) plugin.process({ input, options: [] });
    const answer = call(plugin, order);
    if (order.phase === 'unload') plugin.shutdown();
    return { ended: 'answered', answer: answer.slice(0, 20_000), next: next(plugin, order), ...injected(order) };
  } catch (error) {
    return { ended: 'threw', message: text(error), next: next(plugin, order), ...injected(order) };
  }
}

async function load({ component, directory, config, preopens, environment }: Order): Promise<Plugin> {
  const { files } = await transpileBytes(Buffer.from(component, 'base64'), {
    name: 'plugin',
    instantiation: 'async',
  } as never);
  for (const [name, content] of Object.entries(files as Record<string, Uint8Array>)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  const { instantiate } = await import(pathToFileURL(join(directory, 'plugin.js')).href);
  const shim = new WASIShim({ sandbox: { preopens, env: environment, args: [], enableNetwork: false } });
  const values = new Map(Object.entries(config));
  const hostApi = {
    logMessage: (level: string, message: string) => console.log(`[${level}] ${message}`),
    getConfig: (key: string) => values.get(key),
    emitEvent: (type: string, payload: string) => console.log(`[event] ${type} ${payload}`),
  };
  const exported = await instantiate(
    async (name: string) =>
      WebAssembly.compile(await (await import('node:fs/promises')).readFile(join(directory, name))),
    { ...shim.getImportObject(), 'toolsku:plugin-system/host-api': hostApi },
  );
  const plugin: Plugin = exported.pluginApi ?? exported['toolsku:plugin-system/plugin-api@1.0.0'];
  plugin.initialize(Object.entries(config));
  plugin.getMetadata();
  return plugin;
}

/** The request that attacks; of a plugin that attacks late, as many as that takes. */
function call(plugin: Plugin, { phase, input, options }: Order): string {
  if (phase !== 'late') return plugin.process({ input, options }).output;
  for (let count = 0; count < 2000; count++) plugin.process({ input: 'hello', options: [] });
  return 'hello';
}

function next(plugin: Plugin, { phase }: Order): Outcome['next'] {
  if (phase === 'unload') return undefined;
  try {
    return plugin.process({ input: 'hello', options: [] }).output === 'hello' ? 'works' : 'is answered otherwise';
  } catch {
    return 'fails';
  }
}

/** Whether JavaScript of the plugin's ran. */
function injected({ proof }: Order): Pick<Outcome, 'injected'> {
  return proof in globalThis ? { injected: true } : {};
}

function text(error: unknown): string {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return message.slice(0, 300);
}
