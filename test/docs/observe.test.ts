import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { CHANNELS } from '../../src/observe/channels.ts';
import { METRICS } from '../../src/observe/prometheus.ts';
import { ROOT } from './blocks.ts';

describe('docs/observe.md', () => {
  it('has every channel', async () => {
    const page = await readFile(new URL('docs/observe.md', ROOT), 'utf8');
    const rows = [...page.matchAll(/^\| `(wasm-plugin-pool:[\w:]+)` *\|/gm)].map(([, name]) => name);
    expect(rows).to.deep.equal(Object.values(CHANNELS).map(({ name }) => name));
  });

  it('has every metric with its type, its labels and what it is', async () => {
    const page = await readFile(new URL('docs/observe.md', ROOT), 'utf8');
    const rows = [...page.matchAll(/^\| `(wasm_plugin_pool_\w+)` *\|(.*)\|$/gm)].map((row) => {
      const [type, labels, help] = row[2]!.split('|').map((cell) => cell.trim());
      return { name: row[1], type, labels: labels!.split(', ').filter((label) => label !== ''), help };
    });
    expect(rows).to.deep.equal(
      METRICS.map(({ name, type, labels, help }) => ({ name, type, labels: [...labels], help })),
    );
  });
});
