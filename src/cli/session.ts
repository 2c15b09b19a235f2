import { basename, extname } from 'node:path';
import type { RequestOptions } from '../contract/values.ts';
import type { EngineOptions } from '../engine/options.ts';
import { PluginEngine } from '../engine.ts';
import type { Sandbox } from '../host/policy/policy.ts';
import { isReference, parseReference } from '../oci/reference.ts';
import type { PluginInfo } from '../registry/plugin-info.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import { unusable } from './failure.ts';
import { say } from './output.ts';

/** What a command loads, and how. */
export interface SessionOptions {
  /** The path of the component, or its bytes. */
  readonly source: string | Uint8Array;
  /** What the plugin is called in log lines. */
  readonly name: string;
  readonly sandbox: Sandbox;
  readonly config: RequestOptions;
  /** Interfaces, and the modules that supply them. @default none */
  readonly imports?: RequestOptions;
  /** `any` also takes a component that is no plugin. @default 'plugin' */
  readonly world?: LoadOptions['world'];
  /** The WIT of a world that is not the contract's. @default none */
  readonly wit?: LoadOptions['wit'];
  /** Where requests that fail are kept. @default nowhere */
  readonly record?: string | undefined;
  readonly engine?: EngineOptions;
  /** Whether to keep what the plugin says from stderr. @default false */
  readonly quiet?: boolean;
  /** Whether to say on stderr what is probably not as it was meant to be. @default true */
  readonly warn?: boolean;
  /** Gives up loading the plugin, which may take as long as compiling it or its `initialize` may. @default none */
  readonly signal?: AbortSignal;
}

/** The name that a plugin goes by: that of its file, or the last part of its repository. */
export function pluginName(path: string): string {
  if (isReference(path)) return basename(parseReference(path).repository);
  return basename(path, extname(path)) || 'plugin';
}

/**
 * Runs something with one loaded plugin and closes the engine after it, however it ended.
 *
 * @throws {Failure} with status 2 when the plugin cannot be loaded.
 */
export async function withPlugin<Result>(
  {
    source,
    name,
    sandbox,
    config,
    imports = [],
    world = 'plugin',
    wit,
    record,
    engine: options,
    quiet = false,
    warn = true,
    signal,
  }: SessionOptions,
  run: (engine: PluginEngine, plugin: PluginInfo) => Promise<Result>,
): Promise<Result> {
  const engine = await PluginEngine.create(options);
  for (const [interfaceName, module] of imports) engine.provide(interfaceName, module);
  if (!quiet) {
    engine.on('plugin:log', ({ level, plugin, message }) => say(`[${level}] ${plugin}: ${message}`));
    engine.on('plugin:event', ({ plugin, type, payload }) => say(`[event] ${plugin}: ${type} ${payload}`));
  }
  if (warn) engine.on('plugin:warning', ({ plugin, message }) => say(`[warning] ${plugin}: ${message}`));
  const giveUp = (): void => void engine.close({ force: true });
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp);
  let outcome: 'failed' | 'done' = 'failed';
  try {
    const info = await engine
      // Of a key that is given twice the last value counts; fromEntries makes `__proto__` a key like any other.
      .loadPlugin(name, source, {
        sandbox,
        world,
        ...(wit !== undefined && { wit }),
        ...(record !== undefined && { record: { directory: record } }),
        config: Object.fromEntries(config),
      })
      .catch((error: unknown) => {
        throw unusable(error);
      });
    // What runs now ends by itself, and in order.
    signal?.removeEventListener('abort', giveUp);
    const result = await run(engine, info);
    outcome = 'done';
    return result;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    await engine.close({ force: outcome === 'failed' });
  }
}
