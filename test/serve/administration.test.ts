import { expect } from 'chai';
import type { AuditEntry } from '../../src/serve/index.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { ADMINISTRATOR, Served } from './served.ts';

describe('administration over HTTP', () => {
  let served: Served;
  const audited: AuditEntry[] = [];
  before(async () => {
    const tokens = { administration: { ada: ADMINISTRATOR } };
    served = await Served.start({ tokens, audit: (entry) => audited.push(entry) });
  });
  beforeEach(() => {
    audited.length = 0;
  });
  after(() => served.close());

  it('loads, replaces and unloads a plugin', async () => {
    const bytes = Uint8Array.from(await echo());
    const loaded = await served.administer('PUT', '/plugins/fresh', bytes);
    expect(loaded.status).to.equal(200);
    expect(await loaded.json()).to.include({ version: '1.0.0' });
    expect(await (await served.post('/plugins/fresh', 'x')).text()).to.equal('x');
    expect((await served.administer('PUT', '/plugins/fresh?sandbox=standard', bytes)).status).to.equal(200);
    expect(served.engine.getPlugin('fresh')?.stable?.policy.allowEnv).to.deep.equal(['PLUGIN_MODE']);
    expect((await served.administer('POST', '/plugins/fresh/reload')).status).to.equal(200);
    expect((await served.administer('DELETE', '/plugins/fresh')).status).to.equal(200);
    expect((await served.post('/plugins/fresh', 'x')).status).to.equal(404);
    expect(audited.map(({ who, action, plugin, status }) => [who, action, plugin, status])).to.deep.equal([
      ['ada', 'load', 'fresh', 200],
      ['ada', 'load', 'fresh', 200],
      ['ada', 'reload', 'fresh', 200],
      ['ada', 'unload', 'fresh', 200],
    ]);
    expect(audited[0]!.details.sha256).to.match(/^[0-9a-f]{64}$/);
  });

  it('tells an administrator what is wrong with a component, and what was there stays', async () => {
    const response = await served.administer('PUT', '/plugins/echo', 'no component');
    expect(response.status).to.equal(422);
    expect(await response.json())
      .to.include({ code: 'ERR_NOT_A_COMPONENT' })
      .and.have.property('detail')
      .that.includes('.');
    expect(await (await served.post('/plugins/echo', 'x')).text()).to.equal('x');
    expect(audited[0]).to.include({ action: 'load', status: 422 });
    expect(audited[0]!.details.error).to.be.a('string');
  });

  it('notes a call whose client left in the middle of it', async () => {
    const socket = await served.connect();
    const authorization = `authorization: Bearer ${ADMINISTRATOR}`;
    socket.write(`PUT /plugins/left HTTP/1.1\r\nhost: localhost\r\n${authorization}\r\ncontent-length: 9\r\n\r\nx`);
    socket.destroy();
    while (audited.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(audited[0]).to.include({ action: 'load', plugin: 'left', from: '127.0.0.1', status: 400 });
  });

  it('tries a version out, promotes it and rolls back', async () => {
    const bytes = Uint8Array.from(await hostile());
    expect((await served.administer('PUT', '/plugins/echo/versions/2.0.0', bytes)).status).to.equal(200);
    const canary = (percentage: number): Promise<Response> =>
      served.administer('PUT', '/plugins/echo/canary', JSON.stringify({ version: '2.0.0', percentage }));
    expect((await canary(10)).status).to.equal(200);
    expect((await canary(50)).status).to.equal(200);
    expect(served.engine.getPlugin('echo')?.canary).to.deep.equal({ version: '2.0.0', percentage: 50 });
    expect(await (await served.administer('POST', '/plugins/echo/promote')).json()).to.deep.equal({
      previous: '1.0.0',
    });
    expect(await (await served.administer('POST', '/plugins/echo/rollback')).json()).to.deep.equal({
      rolledBack: '2.0.0',
    });
    expect((await served.administer('POST', '/plugins/echo/promote')).status).to.equal(409);
    expect((await served.administer('DELETE', '/plugins/echo/versions/2.0.0')).status).to.equal(200);
    expect((await served.administer('DELETE', '/plugins/echo/versions/2.0.0')).status).to.equal(404);
    expect((await canary(101)).status).to.equal(400);
    expect(audited.map(({ action }) => action)).to.deep.equal([
      'load-version',
      'canary',
      'canary',
      'promote',
      'rollback',
      'promote',
      'unload-version',
      'unload-version',
      'canary',
    ]);
  });

  it('grants and takes back', async () => {
    const granted = await served.administer('PUT', '/plugins/echo/grants/env', JSON.stringify({ name: 'HOME' }));
    expect(granted.status).to.equal(200);
    expect(served.engine.capabilities.grants('echo')).to.have.length(1);
    expect((await served.administer('DELETE', '/plugins/echo/grants/env')).status).to.equal(200);
    expect(served.engine.capabilities.grants('echo')).to.have.length(0);
    expect((await served.administer('PUT', '/plugins/echo/grants/root', '{}')).status).to.equal(400);
  });

  it('lets inputs through again', async () => {
    await served.engine.reloadPlugin('hostile', undefined, {
      sandbox: { cpuTimeLimitMs: 50 },
      failurePolicy: { maxKills: 1, maxFailures: 100 },
    });
    expect((await served.post('/plugins/hostile', 'spin')).status).to.equal(502);
    expect((await served.post('/plugins/hostile', 'spin')).status).to.equal(422);
    const { inputs } = (await (await served.administer('GET', '/plugins/hostile/quarantine')).json()) as {
      inputs: { sha256: string }[];
    };
    expect(inputs).to.have.length(1);
    const path = `/plugins/hostile/quarantine/${inputs[0]!.sha256}`;
    expect(await (await served.administer('DELETE', path)).json()).to.deep.equal({ cleared: 1 });
    expect(await (await served.administer('DELETE', '/plugins/hostile/quarantine')).json()).to.deep.equal({
      cleared: 0,
    });
  });

  it('notes who was refused', async () => {
    await served.ask('/plugins/echo', { method: 'DELETE' });
    await served.ask('/plugins/echo', { method: 'DELETE', headers: { authorization: 'Bearer nobody-has-this-one' } });
    expect(audited.map(({ who, status }) => [who, status])).to.deep.equal([
      ['anyone', 403],
      ['unknown', 401],
    ]);
  });

  it('says when a plugin is tried again whose circuit is open', async () => {
    await served.engine.reloadPlugin('hostile', undefined, { failurePolicy: { maxFailures: 1, backoffMs: 60_000 } });
    expect((await served.post('/plugins/hostile', 'unreachable')).status).to.equal(502);
    const response = await served.post('/plugins/hostile', 'x');
    expect(response.status).to.equal(503);
    expect(Number(response.headers.get('retry-after'))).to.be.within(1, 60);
  });
});
