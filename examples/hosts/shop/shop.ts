import { fileURLToPath } from 'node:url';
import fastify, { type FastifyInstance } from 'fastify';
import { PluginEngine, PluginError, sqliteStore } from '../../../src/index.ts';
import { problemOf } from './problem.ts';
import { storeFunctions } from './store.ts';

/*
 * A shop whose customers price their orders with plugins of their own:
 *
 *     PUT  /customers/:customer/rule             the component, as application/wasm
 *     PUT  /customers/:customer/discounts/:sku   { "percent": 20 }
 *     POST /customers/:customer/quotes           { "lines": [{ "sku": "tea", "quantity": 2, "price": 4.5 }] }
 */

const PRICING = 'acme:shop/pricing@1';
const MAX_RULE_BYTES = 8 * 1024 * 1024;

interface Line {
  readonly sku: string;
  readonly quantity: number;
  readonly price: number;
}

interface ForCustomer {
  readonly Params: { readonly customer: string };
}

const NAME = { type: 'string', pattern: '^[a-z0-9-]{1,40}$' };
const PARAMS = { type: 'object', properties: { customer: NAME, sku: NAME } };
const LINE = {
  type: 'object',
  required: ['sku', 'quantity', 'price'],
  properties: {
    sku: NAME,
    quantity: { type: 'integer', minimum: 1, maximum: 10_000 },
    price: { type: 'number', minimum: 0 },
  },
};

/** What a `result` of WIT is, as a value. */
type Result<T> = { readonly tag: 'ok'; readonly val: T } | { readonly tag: 'err'; readonly val: string };

/**
 * Makes the shop. Who closes it ends the engine and closes the database.
 *
 * @param database The file of SQLite in which plugins keep what they remember.
 */
export async function createShop(database: string): Promise<FastifyInstance> {
  const store = sqliteStore(database);
  const engine = await PluginEngine.create({ threads: 1, queueLimit: 1_000 });
  engine.provide('acme:shop/store@1.0.0', storeFunctions(store));

  const app = fastify({ bodyLimit: 64 * 1024 });
  app.addHook('onClose', async () => {
    await engine.close();
    store[Symbol.dispose]();
  });
  app.addContentTypeParser('application/wasm', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof PluginError)) return reply.send(error);
    const { status, title } = problemOf(error);
    return reply.code(status).send({ title, code: error.code });
  });

  app.put<ForCustomer & { Body: Buffer }>(
    '/customers/:customer/rule',
    { bodyLimit: MAX_RULE_BYTES, schema: { params: PARAMS } },
    async ({ params: { customer }, body }, reply) => {
      const options = {
        world: 'acme:shop/rule',
        wit: fileURLToPath(new URL('shop.wit', import.meta.url)),
        sandbox: { cpuTimeLimitMs: 2_000, maxHostCalls: 1_000 },
      };
      if (engine.getPlugin(customer) === undefined) await engine.loadPlugin(customer, body, options);
      else await engine.reloadPlugin(customer, body, options);
      return reply.code(204).send();
    },
  );

  app.put<{ Params: { customer: string; sku: string }; Body: { percent: number } }>(
    '/customers/:customer/discounts/:sku',
    {
      schema: {
        params: PARAMS,
        body: { type: 'object', required: ['percent'], properties: { percent: { type: 'integer', minimum: 0 } } },
      },
    },
    async ({ params: { customer, sku }, body: { percent } }, reply) => {
      const said = (await engine.call(customer, `${PRICING}#set-discount`, [sku, percent])) as Result<undefined>;
      return said.tag === 'ok' ? reply.code(204).send() : reply.code(422).send({ title: said.val });
    },
  );

  app.post<ForCustomer & { Body: { lines: Line[] } }>(
    '/customers/:customer/quotes',
    {
      schema: {
        params: PARAMS,
        body: {
          type: 'object',
          required: ['lines'],
          properties: { lines: { type: 'array', maxItems: 100, items: LINE } },
        },
      },
    },
    async ({ params: { customer }, body: { lines } }, reply) => {
      const said = (await engine.call(customer, `${PRICING}#quote`, [lines], { deadlineMs: 5_000 })) as Result<number>;
      return said.tag === 'ok' ? { price: said.val } : reply.code(422).send({ title: said.val });
    },
  );
  return app;
}
