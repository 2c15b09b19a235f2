import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { geometry } from '../support/geometry.ts';
import { ADMINISTRATOR, CLIENT, Served } from './served.ts';

const SHAPES = '/plugins/geometry/call/local:geometry/shapes';
const json = { 'content-type': 'application/json' };

describe('POST /plugins/NAME/call/PATH', () => {
  let served: Served;
  before(async () => {
    served = await Served.start();
    await served.engine.loadPlugin('geometry', await geometry(), { world: 'any' });
  });
  after(() => served.close());

  const call = async (path: string, body: unknown): Promise<[status: number, answer: unknown]> => {
    const response = await served.post(`${SHAPES}${path}`, JSON.stringify(body), json);
    return [response.status, await response.json()];
  };

  it('takes arguments in their order, or by their names', async () => {
    expect(await call('/add', [2, 3])).to.deep.equal([200, 5]);
    expect(await call('/add', { a: 2, b: 3 })).to.deep.equal([200, 5]);
  });

  it('takes the version of an interface, and a # that is encoded', async () => {
    expect(await call('@1.0.0/add', [1, 1])).to.deep.equal([200, 2]);
    expect(await call('@1%23add', [1, 1])).to.deep.equal([200, 2]);
  });

  it('passes values of WIT as JSON has them', async () => {
    expect(await call('/total', [[4_000_000_000, 4_000_000_000]])).to.deep.equal([200, '8000000000']);
    expect(await call('/move', { from: { x: 1, y: 2 }, by: 0.5 })).to.deep.equal([
      200,
      { x: 1.5, y: 2.5, label: null },
    ]);
    expect(await call('/divide', [1, 0])).to.deep.equal([200, { tag: 'err', val: 'division by zero' }]);
    expect(await call('/nothing', [])).to.deep.equal([200, null]);
  });

  it('calls what is in no interface, without a body', async () => {
    const response = await served.ask('/plugins/geometry/call/version', { method: 'POST' });
    expect([response.status, await response.json()]).to.deep.equal([200, '1.2.3']);
  });

  it('has an err as a 422 where that is asked for', async () => {
    expect(await call('/divide?refused=422', [1, 0])).to.deep.equal([422, { tag: 'err', val: 'division by zero' }]);
    expect(await call('/divide?refused=422', [4, 2])).to.deep.equal([200, { tag: 'ok', val: 2 }]);
  });

  it('ends at the deadline', async () => {
    const [status, problem] = await call('/spin?deadline-ms=20', []);
    expect([status, (problem as { code: string }).code]).to.deep.equal([504, 'ERR_DEADLINE']);
  });

  it('says what does not fit', async () => {
    const cases: [path: string, body: unknown, status: number, detail: RegExp][] = [
      ['/add', [1], 400, /Expected `args` to be an array of 2, or an object with `a`, `b`/],
      ['/add', { a: 1, c: 2 }, 400, /no argument "c"/],
      ['/add', { a: -1, b: 2 }, 400, /^a: expected a whole number from 0/],
      ['/add', 7, 400, /Expected `args` to be an array of 2/],
      ['/subtract', [1, 2], 400, /exports no function/],
      ['/draw', [1], 400, /resource/],
      ['/add?option=a%3D1', [1, 2], 400, /What the function takes/],
    ];
    for (const [path, body, status, detail] of cases) {
      const [got, problem] = await call(path, body);
      expect([path, got]).to.deep.equal([path, status]);
      expect((problem as { detail: string }).detail, path).to.match(detail);
    }
    const text = await served.post(`${SHAPES}/add`, 'x', { 'content-type': 'text/plain' });
    expect(text.status).to.equal(415);
  });

  it("does not call the contract's own functions, which would start the plugin of all others anew", async () => {
    for (const path of [
      'toolsku:plugin-system/plugin-api/initialize',
      'toolsku:plugin-system%2Fplugin-api%23shutdown',
    ]) {
      const response = await served.post(`/plugins/echo/call/${path}`, '[[]]', json);
      expect([path, response.status]).to.deep.equal([path, 403]);
    }
  });

  it('is what /openapi.json describes', async () => {
    await served.engine.loadPlugin('strange name/1', await geometry(), { world: 'any' });
    const response = await served.ask('/openapi.json');
    const document = (await response.json()) as OpenApi;
    expect(document.openapi).to.equal('3.1.0');
    expect(document.paths).to.have.property('/plugins/echo');
    expect(document.paths).to.have.property('/plugins/strange%20name%2F1/call/version');
    expect(Object.keys(document.paths).filter((path) => path.includes('/plugin-api'))).to.deep.equal([]);
    expect(document.paths).not.to.have.property('/plugins/geometry');
    const { post } = document.paths['/plugins/geometry/call/local:geometry/shapes@1.0.0/move']!;
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(document, 'openapi');
    const schemaAt = (schema: object) => ajv.compile({ ...rebased(schema), $id: `x${Math.random()}` });
    const args = schemaAt(post.requestBody.content['application/json']!.schema);
    expect(args({ from: { x: 1, y: 'NaN' }, by: 2 })).to.equal(true);
    expect(args({ from: { x: 1, y: 2, label: 'a' }, by: 2 })).to.equal(true);
    expect(args({ from: { x: 1 }, by: 2 })).to.equal(false);
    expect(args({ from: { x: 1, y: 2, z: 3 }, by: 2 })).to.equal(false);
    const answer = schemaAt(post.responses['200'].content['application/json']!.schema);
    expect(answer({ x: 1.5, y: 2, label: null })).to.equal(true);
    expect(answer({ x: 1.5, y: '2' })).to.equal(false);
  });
});

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>;
}
interface Content {
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}
interface Operation {
  readonly requestBody: Content;
  readonly responses: Readonly<Record<'200', Content>>;
}

/** With references into the document by its name. */
function rebased(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'));
}

describe('calls of a server whose plugins run in a process of their own', () => {
  it('are the same', async () => {
    const served = await Served.start({}, { isolation: 'process' });
    try {
      await served.engine.loadPlugin('geometry', await geometry(), { world: 'any' });
      const response = await served.post(`${SHAPES}/move`, '{"from":{"x":1,"y":2,"label":"a"},"by":1}', json);
      expect(await response.json()).to.deep.equal({ x: 2, y: 3, label: 'a' });
      const { functions } = served.engine.functions('geometry');
      expect(functions.map(({ path }) => path)).to.include('version');
    } finally {
      await served.close();
    }
  });
});

describe('calls of a server with tokens', () => {
  it('need one, and say so in /openapi.json', async () => {
    const served = await Served.start({
      tokens: { clients: { web: CLIENT }, administration: { ops: ADMINISTRATOR } },
    });
    try {
      expect((await served.ask('/openapi.json')).status).to.equal(401);
      expect((await served.post('/plugins/echo/call/x', '[]', json)).status).to.equal(401);
      const response = await served.ask('/openapi.json', { headers: { authorization: `Bearer ${CLIENT}` } });
      expect(await response.json()).to.have.deep.property('security', [{ token: [] }]);
    } finally {
      await served.close();
    }
  });
});
