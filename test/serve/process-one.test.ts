import { expect } from 'chai';
import { collect, nextEvent } from '../support/engine.ts';
import { Served } from './served.ts';

describe('POST /plugins/NAME', () => {
  let served: Served;
  before(async () => {
    served = await Served.start();
  });
  after(() => served.close());

  it('takes a text and answers with one', async () => {
    const response = await served.post('/plugins/echo', 'grüße');
    expect(response.status).to.equal(200);
    expect(response.headers.get('content-type')).to.equal('text/plain; charset=utf-8');
    expect(await response.text()).to.equal('grüße');
  });

  it('takes JSON and answers with JSON', async () => {
    const body = JSON.stringify({ input: 'option', options: [['a', '1']] });
    const response = await served.post('/plugins/echo', body, { 'content-type': 'application/json' });
    expect(await response.json()).to.deep.equal({ output: '1', success: true });
  });

  it('answers as `accept` says', async () => {
    const response = await served.post('/plugins/echo', 'x', { accept: 'application/json' });
    expect(await response.json()).to.deep.equal({ output: 'x', success: true });
  });

  it('takes options from the query and from headers', async () => {
    const queried = await served.post('/plugins/echo?option=a%3D1', 'option');
    expect(await queried.text()).to.equal('1');
    const headed = await served.post('/plugins/echo', 'option', { 'plugin-option': 'b=%2C2, c=3' });
    expect(await headed.text()).to.equal(',2');
  });

  it('gives the id of a request back, and one where there is none', async () => {
    const named = await served.post('/plugins/echo', 'x', { 'x-request-id': 'mine-1' });
    expect(named.headers.get('x-request-id')).to.equal('mine-1');
    const forged = await served.post('/plugins/echo', 'x', { 'x-request-id': 'a b' });
    expect(forged.headers.get('x-request-id')).to.match(/^h[0-9a-f]{8}-\w+$/);
  });

  it('has the engine know a request by its id', async () => {
    const logs = collect(served.engine, 'plugin:log');
    const said = nextEvent(served.engine, 'plugin:log');
    await served.post('/plugins/echo', 'log hello', { 'x-request-id': 'mine-2' });
    await said;
    expect(logs[0]).to.include({ requestId: 'mine-2' });
  });

  it('ends a request at the deadline that it asks for', async () => {
    for (const [path, headers] of [
      ['/plugins/hostile?deadline-ms=20', {}],
      ['/plugins/hostile', { 'deadline-ms': '20' }],
      ['/plugins/hostile', { prefer: 'respond-async, wait=0' }],
    ] as const) {
      const response = await served.post(path, 'spin', headers);
      expect(response.status).to.equal(504);
      expect(await response.json()).to.include({ code: 'ERR_DEADLINE' });
    }
  });

  it('tells of `success: false` in JSON, and as a 422 where that is asked for or there is no other place', async () => {
    const json = { 'content-type': 'application/json' };
    const body = JSON.stringify({ input: 'fail' });
    const told = await served.post('/plugins/echo', body, json);
    expect(told.status).to.equal(200);
    expect(await told.json()).to.deep.equal({ output: '', success: false, errorMessage: 'asked to fail' });
    for (const response of [
      await served.post('/plugins/echo?refused=422', body, json),
      await served.post('/plugins/echo', body, { ...json, prefer: 'refused=422' }),
      await served.post('/plugins/echo', 'fail'),
    ]) {
      expect(response.status).to.equal(422);
      expect(await response.json()).to.include({ detail: 'asked to fail' });
    }
  });

  it('has a plugin routed by a version', async () => {
    expect((await served.post('/plugins/echo?version=1.0.0', 'x')).status).to.equal(200);
    expect((await served.post('/plugins/echo?version=9', 'x')).status).to.equal(404);
  });

  it('aborts what a client that has gone was waiting for', async () => {
    const socket = await served.connect();
    socket.write('POST /plugins/hostile HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\nspin');
    const ended = nextEvent(served.engine, 'worker:terminated');
    await served.running();
    socket.destroy();
    const [termination] = await ended;
    expect(termination.code).to.equal('ERR_ABORTED');
  });
});
