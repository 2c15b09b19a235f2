import type { PluginSource } from '../artifact/source.ts';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginEvent, PluginLog } from '../engine/events.ts';
import { PluginEngine } from '../engine.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import type { ProcessRequest } from '../request/request.ts';

/**
 * What a plugin under test is started with: everything that `loadPlugin` takes.
 *
 * @example
 * const options: FakeHostOptions = { config: { mask: '*' } };
 * const host = await FakeHost.start('build/plugin.wasm', options);
 */
export type FakeHostOptions = LoadOptions;

/** The name under which the plugin is loaded. */
const NAME = 'plugin-under-test';

/**
 * A host for the tests of one plugin: it runs the component as it would run in production, with one thread, and keeps
 * what the plugin logs and emits.
 *
 * @example
 * const host = await FakeHost.start('build/plugin.wasm', { config: { mask: '*' } });
 * const { output } = await host.process('mail ada@example.org');
 * host.logs.map(({ message }) => message);
 * await host.close();
 */
export class FakeHost implements AsyncDisposable {
  /** What the plugin has logged so far, in order. */
  readonly logs: readonly PluginLog[];
  /** What it has emitted so far, in order. */
  readonly events: readonly PluginEvent[];
  readonly #engine: PluginEngine;

  private constructor(engine: PluginEngine) {
    const logs: PluginLog[] = [];
    const events: PluginEvent[] = [];
    engine.on('plugin:log', (log) => logs.push(log));
    engine.on('plugin:event', (event) => events.push(event));
    this.logs = logs;
    this.events = events;
    this.#engine = engine;
  }

  /**
   * Starts a plugin, which runs its `initialize`.
   *
   * @throws {PluginError} what says why it does not come up: see `docs/errors.md`.
   *
   * @example
   * const host = await FakeHost.start('build/plugin.wasm', { config: { mask: '*' } });
   */
  static async start(source: PluginSource, options: FakeHostOptions = {}): Promise<FakeHost> {
    const engine = await PluginEngine.create({ threads: 1 });
    const host = new FakeHost(engine);
    try {
      await engine.loadPlugin(NAME, source, options);
    } catch (error) {
      await engine.close({ force: true });
      throw error;
    }
    return host;
  }

  /**
   * Asks the plugin.
   *
   * @throws {PluginError} when it traps or runs over a limit.
   *
   * @example
   * const host = await FakeHost.start('build/plugin.wasm');
   * const { output } = await host.process('mail ada@example.org', { only: 'email' });
   */
  process(input: string, options?: ProcessRequest['options']): Promise<PluginResponse> {
    return this.#engine.process(NAME, { input, ...(options !== undefined && { options }) });
  }

  /** Runs the plugin's `shutdown` and ends its thread. What it says meanwhile is in {@link logs}. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** `await using host = …` closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
