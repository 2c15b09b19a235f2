import type { PluginSource } from '../artifact/source.ts';
import type { PluginResponse } from '../contract/values.ts';
import type { PluginEvent, PluginLog } from '../engine/events.ts';
import { PluginEngine } from '../engine.ts';
import { resolvePolicy } from '../host/policy/policy.ts';
import { resolveConfig } from '../registry/config.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import type { ProcessRequest } from '../request/request.ts';
import type { UnbuiltPlugin } from './defined-plugin.ts';
import { InProcess } from './in-process.ts';
import { NAME, type Runner } from './runner.ts';

/**
 * What a plugin under test is started with: everything that `loadPlugin` takes.
 *
 * @example
 * const options: FakeHostOptions = { config: { mask: '*' } };
 * const host = await FakeHost.start('build/plugin.wasm', options);
 */
export type FakeHostOptions = LoadOptions;

/**
 * What a plugin is started with that is no component yet.
 *
 * @example
 * const options: UnbuiltPluginOptions = { config: { mask: '*' }, sandbox: { maxHostCalls: 10 } };
 */
export type UnbuiltPluginOptions = Pick<LoadOptions, 'config' | 'sandbox'>;

/**
 * A host for the tests of one plugin, which keeps what the plugin logs and emits. It runs a component as it would run in
 * production, with one thread; or a plugin in JavaScript before it is built.
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
  readonly #runner: Runner;

  private constructor(runner: Runner, logs: PluginLog[], events: PluginEvent[]) {
    this.#runner = runner;
    this.logs = logs;
    this.events = events;
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
    const logs: PluginLog[] = [];
    const events: PluginEvent[] = [];
    engine.on('plugin:log', (log) => logs.push(log));
    engine.on('plugin:event', (event) => events.push(event));
    try {
      await engine.loadPlugin(NAME, source, options);
    } catch (error) {
      await engine.close({ force: true });
      throw error;
    }
    const runner: Runner = {
      process: (input, options) => engine.process(NAME, { input, ...(options !== undefined && { options }) }),
      close: () => engine.close(),
    };
    return new FakeHost(runner, logs, events);
  }

  /**
   * Starts a plugin in JavaScript that is not built: it runs in this process, where debuggers and coverage reach it. Host functions,
   * their budgets, `maxOutputBytes` and what errors become are those of a component; limits of time and memory are not, and
   * nothing keeps it from what Node has and QuickJS lacks.
   *
   * @param plugin What `definePlugin` is given, or what it returned.
   * @throws {PluginError} `ERR_INITIALIZE_FAILED`, `ERR_INVALID_ARGUMENT`.
   *
   * @example
   * const shout: UnbuiltPlugin = { name: 'shout', version: '1.0.0', description: '', process: ({ input }) => `${input}!` };
   * const host = await FakeHost.define(shout, { sandbox: 'standard' });
   */
  static async define(plugin: UnbuiltPlugin, { config, sandbox }: UnbuiltPluginOptions = {}): Promise<FakeHost> {
    const runner = new InProcess(plugin, resolvePolicy(sandbox), resolveConfig(config));
    return new FakeHost(runner, runner.logs, runner.events);
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
    return this.#runner.process(input, options);
  }

  /** Runs the plugin's `shutdown` and ends its thread. What it says meanwhile is in {@link logs}. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  /** `await using host = …` closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
