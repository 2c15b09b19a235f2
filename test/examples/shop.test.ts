import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { componentize } from 'componentize-qjs';
import type { FastifyInstance } from 'fastify';
import { createShop } from '../../examples/hosts/shop/shop.ts';
import { component } from '../support/wat.ts';

const FOLDER = new URL('../../examples/hosts/shop/', import.meta.url);
const TEA = { sku: 'tea', quantity: 2, price: 5 };

describe('the example of a shop', function () {
  this.timeout(60_000);
  let rule: Uint8Array;
  let folder: string;
  let shop: FastifyInstance;

  before(async () => {
    const entry = fileURLToPath(new URL('rule.js', FOLDER));
    ({ component: rule } = await componentize({
      witPath: fileURLToPath(new URL('shop.wit', FOLDER)),
      jsSource: await readFile(entry, 'utf8'),
      jsPath: entry,
      moduleRoot: fileURLToPath(FOLDER),
      world: 'rule',
    }));
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-shop-'));
    shop = await createShop(join(folder, 'shop.sqlite'));
  });
  afterEach(async () => {
    await shop.close();
    await rm(folder, { recursive: true });
  });

  const ask = async (method: 'PUT' | 'POST', url: string, body: object | Uint8Array): Promise<[number, unknown]> => {
    const isRule = body instanceof Uint8Array;
    const { statusCode, body: said } = await shop.inject({
      method,
      url: `/customers/${url}`,
      headers: { 'content-type': isRule ? 'application/wasm' : 'application/json' },
      payload: isRule ? Buffer.from(body) : JSON.stringify(body),
    });
    return [statusCode, said === '' ? undefined : JSON.parse(said)];
  };
  const quote = (customer: string, ...lines: object[]): Promise<[number, unknown]> =>
    ask('POST', `${customer}/quotes`, { lines });

  it("prices orders with its customers' rules, which keep what they are told apart", async () => {
    expect(await ask('PUT', 'ada/rule', rule)).to.deep.equal([204, undefined]);
    expect(await ask('PUT', 'bob/rule', rule)).to.deep.equal([204, undefined]);
    expect(await ask('PUT', 'ada/discounts/tea', { percent: 20 })).to.deep.equal([204, undefined]);
    expect(await quote('ada', TEA)).to.deep.equal([200, { price: 8 }]);
    expect(await quote('bob', TEA)).to.deep.equal([200, { price: 10 }]);
  });

  it('keeps in its database what rules remember', async () => {
    await ask('PUT', 'ada/rule', rule);
    await quote('ada', TEA);
    await quote('ada', TEA);
    await shop.close();
    shop = await createShop(join(folder, 'shop.sqlite'));
    await ask('PUT', 'ada/rule', rule);
    expect(await quote('ada', TEA)).to.deep.equal([200, { price: 9 }]);
  });

  it('takes another rule in the place of the one before', async () => {
    await ask('PUT', 'ada/rule', rule);
    expect(await ask('PUT', 'ada/rule', rule)).to.deep.equal([204, undefined]);
    expect(await quote('ada', TEA)).to.deep.equal([200, { price: 10 }]);
  });

  it('says what a rule says, and what it cannot do', async () => {
    expect(await quote('ada', TEA)).to.deep.equal([
      404,
      { title: 'This customer has no rule.', code: 'ERR_PLUGIN_NOT_FOUND' },
    ]);
    const [status, problem] = await ask('PUT', 'ada/rule', await component('(component)'));
    expect([status, (problem as { code: string }).code]).to.deep.equal([422, 'ERR_INCOMPATIBLE_WIT']);
    await ask('PUT', 'ada/rule', rule);
    expect(await quote('ada')).to.deep.equal([422, { title: 'an order without lines has no price' }]);
    expect(await ask('PUT', 'ada/discounts/tea', { percent: 101 })).to.deep.equal([
      422,
      { title: 'nobody gives 101 percent' },
    ]);
    expect((await quote('ada', { sku: 'tea', quantity: 0, price: 1 }))[0]).to.equal(400);
  });
});
