import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { resolveOptions } from '../../src/engine/options.ts';
import { type ResolvedPolicy, resolvePolicy } from '../../src/host/policy/policy.ts';
import { ROOT } from './blocks.ts';

/** The rows of the tables of a page, by the code in their first column. */
async function rows(page: string): Promise<Map<string, string[]>> {
  const lines = (await readFile(new URL(page, ROOT), 'utf8')).matchAll(/^\| `(\w+)` +\|(.*)\|$/gm);
  return new Map([...lines].map((match) => [match[1]!, match[2]!.split('|').map((cell) => cell.trim())]));
}

function shown(value: ResolvedPolicy[keyof ResolvedPolicy]): string {
  if (value === undefined) return 'any';
  if (value === Number.MAX_SAFE_INTEGER) return 'no bound';
  if (typeof value !== 'object') return String(value);
  return value.length === 0
    ? 'none'
    : value.map((item) => `\`${typeof item === 'string' ? item : item.directory}\``).join(', ');
}

describe('docs/limits.md', () => {
  for (const field of Object.keys(resolvePolicy('restricted')) as (keyof ResolvedPolicy)[]) {
    it(`has the presets of ${field}`, async () => {
      const [, restricted, standard] = (await rows('docs/limits.md')).get(field) ?? [];
      expect(restricted).to.equal(shown(resolvePolicy('restricted')[field]));
      expect(standard).to.equal(shown(resolvePolicy('standard')[field]));
    });
  }

  it('has every option of the engine', async () => {
    const documented = await rows('docs/limits.md');
    const resolved = resolveOptions({ cacheDirectory: false, compileTimeoutMs: 60_000 });
    expect([...documented.keys()]).to.include.members(Object.keys(resolved));
  });
});
