import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PluginResponse } from '../../src/contract/values.ts';
import type { PluginEvent, PluginLog } from '../../src/engine/events.ts';
import type { PluginEngine } from '../../src/engine.ts';
import { PluginError } from '../../src/errors.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import { formatFrame } from '../../src/text/wasm-frame.ts';
import { echo } from '../fixtures/guests.ts';
import { tree as makeTree, type Tree } from '../host/wasi/sandbox.ts';
import { type Attack, type Ending, LIMITS, PLAIN } from './attack.ts';

/** Runs one attack on an engine; throws where it ends otherwise than the table says. */
export async function perform(engine: PluginEngine, plugin: string, attack: Attack): Promise<void> {
  const tree = makeTree();
  const clear = await attack.prepare?.(tree);
  const outside = contents(tree.outside);
  const logs: PluginLog[] = [];
  const events: PluginEvent[] = [];
  const onLog = (log: PluginLog): unknown => log.plugin === plugin && logs.push(log);
  const onEvent = (event: PluginEvent): unknown => event.plugin === plugin && events.push(event);
  engine.on('plugin:log', onLog);
  engine.on('plugin:event', onEvent);
  try {
    await PHASES[attack.phase ?? 'process']({ engine, plugin, attack, sandbox: policyOf(attack, tree) });
    attack.verify?.({ engine, plugin, logs, events, tree });
    const next = await engine.process(plugin, { input: 'hello' });
    expectAnswer(next, attack.next ?? 'hello', 'the next request');
    expect(contents(tree.outside), 'what lies outside of every grant').to.deep.equal(outside);
  } finally {
    engine.off('plugin:log', onLog);
    engine.off('plugin:event', onEvent);
    if (engine.listPlugins().some(({ name }) => name === plugin)) await engine.unloadPlugin(plugin, { force: true });
    await clear?.();
    tree.remove();
  }
}

interface Stage {
  readonly engine: PluginEngine;
  readonly plugin: string;
  readonly attack: Attack;
  readonly sandbox: Policy;
}

/** Each leaves a plugin loaded under the name. */
const PHASES: Record<NonNullable<Attack['phase']>, (stage: Stage) => Promise<void>> = {
  async load(stage) {
    await meets(
      load(stage).then(() => {
        throw new Error('it was loaded');
      }),
      stage.attack.ending,
    );
    // The name is not spoilt.
    await stage.engine.loadPlugin(stage.plugin, await echo(), { sandbox: LIMITS });
  },
  async process(stage) {
    const { engine, plugin, attack } = stage;
    const { before = [], input = 'hello', options = [], ending } = attack;
    await load(stage);
    for (const earlier of before) await engine.process(plugin, { input: earlier });
    // An instance that was not told what was said before, and happens to get the attack, has nothing to do with it.
    const mayBeUntold = before.length > 0 && 'code' in ending;
    for (;;) {
      const attempt = engine.process(plugin, { input, options });
      const answer = await attempt.catch(() => undefined);
      if (!mayBeUntold || answer?.output !== input) return meets(attempt, ending);
    }
  },
  async unload(stage) {
    const { engine, plugin, attack } = stage;
    await load(stage);
    await meets(engine.process(plugin, { input: 'hello' }), attack.ending);
    await engine.unloadPlugin(plugin);
    await load(stage);
  },
  async late(stage) {
    const { engine, plugin, attack } = stage;
    await load(stage);
    // In waves, so that requests wait behind the one that fails. Which thread's instance is first is nobody's business.
    for (let wave = 0, failures = 0; failures === 0; wave++) {
      const requests = Array.from({ length: 100 }, (_, index) => {
        const input = `request ${wave}.${index}`;
        return engine.process(plugin, { input }).then(
          (response) => expectAnswer(response, input, 'a request before or after'),
          (error: unknown) => {
            failures++;
            expectError(error, attack.ending);
          },
        );
      });
      await Promise.all(requests);
    }
  },
};

async function load({ engine, plugin, attack: { guest, config = {} }, sandbox }: Stage): Promise<void> {
  await engine.loadPlugin(plugin, await guest(), { sandbox, config });
}

/** Checks how a request or a load ended. */
async function meets(attempt: Promise<PluginResponse>, ending: Ending): Promise<void> {
  let response: PluginResponse;
  try {
    response = await attempt;
  } catch (error) {
    expectError(error, ending);
    return;
  }
  if ('code' in ending) throw new Error(`it was answered: ${JSON.stringify(response).slice(0, 200)}`);
  expectAnswer(response, ending.output, 'the answer');
}

function expectAnswer({ output }: PluginResponse, expected: string | RegExp, which: string): void {
  if (typeof expected === 'string') expect(output, which).to.equal(expected);
  else expect(output, which).to.match(expected);
}

function expectError(error: unknown, ending: Ending): void {
  if (!(error instanceof PluginError) || !('code' in ending)) throw error;
  const { code, limit, trap } = ending;
  const got = { code: error.code, limit: limit && error.limit?.name, trap: trap && error.trap };
  expect(got, error.message).to.deep.equal({ code, limit, trap });
  // What an error repeats of the plugin's own words goes to logs and terminals (invariant 11).
  for (const text of [error.message, error.hint ?? '', ...(error.backtrace ?? []).map(formatFrame)]) {
    expect(text).to.match(PLAIN);
    expect(text.length).to.be.below(1000);
  }
}

/** The policy of an attack. */
export function policyOf({ policy = {} }: Attack, tree: Tree): Policy {
  return { ...LIMITS, ...(typeof policy === 'function' ? policy(tree) : policy) };
}

/** Names, sizes, modes, times of change and contents of all that is in a directory. */
export function contents(directory: string): unknown {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(directory, name);
      const stat = lstatSync(path);
      const { size, mode, mtimeMs, nlink } = stat;
      return { name, size, mode, mtimeMs, nlink, text: stat.isFile() ? readFileSync(path, 'utf8') : '' };
    });
}
