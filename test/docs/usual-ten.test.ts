import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { PluginEngine } from '../../src/engine.ts';
import { PluginError } from '../../src/errors.ts';
import type { LoadOptions } from '../../src/registry/plugin-version.ts';
import type { Guest } from '../fixtures/core-plugin.ts';
import { hostile, misfits, wasi, worlds } from '../fixtures/guests.ts';
import { geometry } from '../support/geometry.ts';
import { component } from '../support/wat.ts';
import { ROOT } from './blocks.ts';

const unlinked: Guest = () =>
  component('(component (core module $m (import "a" "b" (func))) (core instance (instantiate $m)))');

/** Each row of the table, in its order, brought about; the first has no error of ours. */
const ROWS: readonly (readonly [happens: RegExp, codes: readonly string[], brings: readonly Bringer[]])[] = [
  [/compiler/, [], []],
  [/core module/, ['ERR_NOT_A_COMPONENT'], [loading(misfits.coreModule)]],
  [/version of the contract/, ['ERR_INCOMPATIBLE_WIT'], [loading(worlds.wrongVersion)]],
  [/missing symbol/, ['ERR_LINK'], [loading(unlinked)]],
  [/unknown import/, ['ERR_UNKNOWN_IMPORT'], [loading(misfits.unknownImport)]],
  [/Out of bounds/, ['ERR_TRAP'], [asking(hostile, 'oob')]],
  [/stack overflow/, ['ERR_STACK_OVERFLOW'], [asking(hostile, 'stack')]],
  [/memory limit/, ['ERR_MEMORY_LIMIT'], [asking(hostile, 'exhaust')]],
  [
    /cannot cross threads/,
    ['ERR_INVALID_ARGUMENT'],
    [
      async (engine) => {
        await engine.loadPlugin('p', await geometry(), { world: 'any' });
        await engine.call('p', 'local:geometry/shapes@1.0.0#add', [1, () => 2]);
      },
    ],
  ],
  [
    /timeout/,
    ['ERR_CPU_TIME_LIMIT', 'ERR_WALL_TIME_LIMIT', 'ERR_DEADLINE'],
    [
      asking(hostile, 'spin', { sandbox: { cpuTimeLimitMs: 100 } }),
      asking(wasi, 'sleep 60000', { sandbox: { wallTimeLimitMs: 100 } }),
      async (engine) => {
        await engine.loadPlugin('p', await hostile());
        await engine.process('p', { input: 'spin' }, { deadlineMs: 50 });
      },
    ],
  ],
];

type Bringer = (engine: PluginEngine) => Promise<unknown>;

function loading(guest: Guest): Bringer {
  return async (engine) => engine.loadPlugin('p', await guest());
}

function asking(guest: Guest, input: string, options: LoadOptions = {}): Bringer {
  return async (engine) => {
    await engine.loadPlugin('p', await guest(), options);
    await engine.process('p', { input });
  };
}

describe('the usual ten errors in docs/errors.md', () => {
  let rows: string[][];

  before(async () => {
    const text = await readFile(new URL('docs/errors.md', ROOT), 'utf8');
    const section = text.split(/^## /m).find((part) => part.startsWith('The usual ten'))!;
    rows = [...section.matchAll(/^\| (.*) \|$/gm)]
      .slice(2)
      .map(([, row]) => row!.split(' | ').map((cell) => cell.trim()));
  });

  it('are ten', () => {
    expect(rows.map(([happens]) => happens)).to.have.length(ROWS.length);
  });

  for (const [index, [happens, codes, brings]] of ROWS.entries()) {
    it(`has ${happens.source}, with its code, its cause and what to do`, async () => {
      const [first, code = '', because, remedy] = rows[index]!;
      expect(first).to.match(happens);
      expect([...code.matchAll(/`(ERR_\w+)`/g)].map(([, name]) => name)).to.deep.equal(codes);
      expect([because, remedy]).not.to.include('');
      for (const [place, bring] of brings.entries()) {
        const engine = await PluginEngine.create({ threads: 1 });
        try {
          const error: unknown = await bring(engine).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          expect(error).to.be.instanceOf(PluginError).and.include({ code: codes[place] });
          if (codes[place] === 'ERR_TRAP') expect(code).to.include((error as PluginError).trap);
        } finally {
          await engine.close({ force: true });
        }
      }
    });
  }
});
