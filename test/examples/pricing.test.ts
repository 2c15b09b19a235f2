import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { componentize } from 'componentize-qjs';
import { priceOrder } from '../../examples/hosts/pricing/pricing.ts';

const FOLDER = new URL('../../examples/hosts/pricing/', import.meta.url);

describe('the example of host functions', () => {
  let rule: Uint8Array;

  before(async () => {
    const entry = fileURLToPath(new URL('rule.js', FOLDER));
    ({ component: rule } = await componentize({
      witPath: fileURLToPath(new URL('pricing.wit', FOLDER)),
      jsSource: await readFile(entry, 'utf8'),
      jsPath: entry,
      moduleRoot: fileURLToPath(FOLDER),
      world: 'rule',
    }));
  });

  it('prices an order with the rates of the host', async () => {
    expect(await priceOrder(rule, [50, 75], 'EUR')).to.deep.equal({ tag: 'ok', val: 88.2 });
    expect(await priceOrder(rule, [50], 'USD')).to.deep.equal({ tag: 'ok', val: 49 });
  });

  it('says what the host says of a currency that it does not know', async () => {
    expect(await priceOrder(rule, [1], 'XAU')).to.deep.equal({ tag: 'err', val: 'no rate from USD to XAU' });
  });

  it('stands in the documentation as it is', async () => {
    const page = await readFile(new URL('../../docs/host-functions.md', import.meta.url), 'utf8');
    for (const file of ['pricing.wit', 'rule.js', 'rates.ts', 'pricing.ts']) {
      const text = (await readFile(new URL(file, FOLDER), 'utf8'))
        .replace('../../../src/host/imports/host-module.ts', 'wasm-plugin-pool/host')
        .replace('../../../src/index.ts', 'wasm-plugin-pool');
      expect(page, file).to.include(text);
    }
  });
});
