import type { PluginEngine } from '../../../src/engine.ts';
import { PluginError } from '../../../src/errors.ts';
import type { LoadOptions } from '../../../src/registry/plugin-version.ts';
import { hostile } from '../../fixtures/guests.ts';
import { seeded } from '../../support/outcome.ts';
import { fullPlugin, respond } from '../../workers/guest.ts';

/** What happened, by name; `answered` and the codes of errors among it. */
export type Tallies = Map<string, number>;

/** One thing that users, plugins or operators do. */
type Deed = (context: Context) => Promise<unknown>;

interface Context {
  readonly engine: PluginEngine;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly components: Components;
}

interface Components {
  readonly hostile: Uint8Array;
  readonly grows: Uint8Array;
}

/** Grows to 8 MiB, writes to it, and answers with its input. */
const GROWS = `
  (drop (memory.grow (i32.const 127)))
  (memory.fill (i32.const 65536) (i32.const 1) (i32.const ${127 * 65_536}))
  ${respond('(local.get $input)', '(local.get $length)')}`;

const OPTIONS: Readonly<Record<'warm' | 'fresh' | 'grown', LoadOptions>> = {
  warm: { sandbox: { cpuTimeLimitMs: 40 }, config: { prefix: '' } },
  fresh: { sandbox: { instances: 'fresh', cpuTimeLimitMs: 40 }, config: { prefix: '' } },
  grown: { sandbox: { instances: 'fresh' } },
};

const PLUGINS = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];

/** Inputs of the hostile guest that end its instance, and how. */
const ENDS = ['unreachable', 'oob', 'divide', 'stack', 'exhaust', 'bad-pointer', 'bad-utf8'];

/** What is done, with how often of a thousand times. Most of it is requests of which nothing is to be said. */
const DEEDS: readonly (readonly [times: number, deed: Deed])[] = [
  [550, ({ engine, random }) => requests(engine, 'warm', 1 + Math.floor(random() * 64))],
  [150, ({ engine, random }) => requests(engine, 'fresh', 1 + Math.floor(random() * 16))],
  [40, ({ engine }) => requests(engine, 'grown', 2)],
  [200, ({ engine, random }) => engine.process('warm', { input: ENDS[Math.floor(random() * ENDS.length)]! })],
  [20, ({ engine }) => engine.process('warm', { input: 'flood-log 100' })],
  [10, ({ engine }) => engine.process('warm', { input: 'x'.repeat(400_000) })],
  [10, ({ engine }) => engine.process('warm', { input: 'spin' })],
  [6, ({ engine }) => engine.process('fresh', { input: 'spin' }, { deadlineMs: 10 })],
  [8, ({ engine, components }) => engine.reloadPlugin('warm', components.hostile, OPTIONS.warm)],
  [4, version],
  [
    2,
    ({ engine, components }) =>
      engine.loadPlugin('passing', components.grows).then(() => engine.unloadPlugin('passing')),
  ],
];

const TIMES = DEEDS.reduce((sum, [times]) => sum + times, 0);

async function requests(engine: PluginEngine, name: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => engine.process(name, { input: `request ${index}` })));
}

let versions = 0;

/** A version is tried out and then promoted or rolled back. */
async function version({ engine, random, components }: Context): Promise<void> {
  const name = `v${++versions}`;
  await engine.versions('warm').load(components.hostile, { ...OPTIONS.warm, version: name });
  engine.versions('warm').deployCanary(name, 50);
  await requests(engine, 'warm', 20);
  if (random() < 0.5) engine.versions('warm').promoteCanary();
  else engine.versions('warm').rollback();
}

/** Mixed traffic: requests that are answered, trap, are killed and grow, reloads, versions, loads. The same for the same seed. */
export class SoakTraffic {
  readonly tallies: Tallies = new Map();
  readonly #context: Context;

  private constructor(context: Context) {
    this.#context = context;
  }

  static async begin(engine: PluginEngine, seed: number): Promise<SoakTraffic> {
    const components = { hostile: await hostile(), grows: await fullPlugin({ process: GROWS }) };
    for (const name of PLUGINS) {
      await engine.loadPlugin(name, name === 'grown' ? components.grows : components.hostile, OPTIONS[name]);
    }
    return new SoakTraffic({ engine, random: seeded(seed).next, components });
  }

  /** Does what comes next until told otherwise, a few things at once. */
  async run(goesOn: () => boolean, atOnce = 4): Promise<void> {
    await Promise.all(Array.from({ length: atOnce }, () => this.#lane(goesOn)));
  }

  /** Unloads every plugin. */
  async end(): Promise<void> {
    for (const name of PLUGINS) await this.#context.engine.unloadPlugin(name);
  }

  async #lane(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const outcome = await this.#next()(this.#context).then(
        () => 'done',
        (error: unknown) => {
          if (!(error instanceof PluginError)) throw error;
          return error.code;
        },
      );
      this.tallies.set(outcome, (this.tallies.get(outcome) ?? 0) + 1);
    }
  }

  #next(): Deed {
    let at = this.#context.random() * TIMES;
    for (const [times, deed] of DEEDS) {
      at -= times;
      if (at < 0) return deed;
    }
    return DEEDS[0]![1];
  }
}
