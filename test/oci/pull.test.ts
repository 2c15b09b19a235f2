import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pullComponent } from '../../src/oci/pull.ts';
import { echo } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { digestOf, FalseRegistry } from './false-registry.ts';

const MAX_BYTES = 1024 * 1024;

describe('a component from a registry', () => {
  const registry = new FalseRegistry();
  const elsewhere = new FalseRegistry();
  const folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-oci-'));
  const docker = process.env.DOCKER_CONFIG;
  const url = (rest: string): string => `oci://${registry.host}/${rest}`;
  const pull = (rest: string, exchange = {}) => pullComponent(url(rest), MAX_BYTES, exchange);

  before(async () => {
    await Promise.all([registry.start(), elsewhere.start()]);
    process.env.DOCKER_CONFIG = folder;
    const auth = Buffer.from('ada:a secret').toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  });

  after(async () => {
    if (docker === undefined) delete process.env.DOCKER_CONFIG;
    else process.env.DOCKER_CONFIG = docker;
    rmSync(folder, { recursive: true });
    await Promise.all([registry.end(), elsewhere.end(), closeEngines()]);
  });

  it('is loaded as one of a file is, by tag or by digest', async () => {
    const bytes = await echo();
    const { manifest } = registry.put('acme/echo', '1.0', bytes);
    registry.put('acme/echo', manifest, bytes);
    const engine = await createEngine();
    const { sha256 } = await engine.loadPlugin('echo', url('acme/echo:1.0'));
    expect(sha256).to.equal(digestOf(bytes).slice('sha256:'.length));
    await engine.loadPlugin('pinned', url(`acme/echo@${manifest}`));
    expect((await engine.process('pinned', { input: 'Hello' })).output).to.equal('Hello');
  });

  it('is what its digests say, or refused', async () => {
    const bytes = new Uint8Array(1000).fill(7);
    const { manifest, component } = registry.put('acme/false', '1', bytes);
    registry.put('acme/false', digestOf(new Uint8Array(1)), bytes);
    const otherManifest = await rejection(pull(`acme/false@${digestOf(new Uint8Array(1))}`));
    expect(otherManifest.code).to.equal('ERR_REGISTRY');
    expect(otherManifest.message).to.contain(`the manifest is ${manifest} and not`);

    const changed = bytes.slice();
    changed[999] = 8;
    registry.answer(`/v2/acme/false/blobs/${component}`, changed);
    const otherLayer = await rejection(pull('acme/false:1'));
    expect(otherLayer.message).to.contain(`a layer is ${digestOf(changed)} and not ${component}`);
    expect(otherLayer.hint).to.contain('do not use it');

    registry.answer(`/v2/acme/false/blobs/${component}`, bytes.subarray(1));
    expect((await rejection(pull('acme/false:1'))).message).to.contain('a layer of 1000 bytes ends after 999');
  });

  it('is refused by its size before a byte of it is asked for', async () => {
    const { component } = registry.put('acme/large', '1', new Uint8Array(10), { size: 1024 * 1024 * 1024 });
    registry.asked.length = 0;
    const error = await rejection(pull('acme/large:1'));
    expect(error.message).to.contain('the component has 1073741824 bytes; the limit is 1048576');
    expect(registry.asked.map(({ path }) => path)).not.to.contain(`/v2/acme/large/blobs/${component}`);
  });

  it('ends where there is more than its manifest says', async () => {
    const bytes = new Uint8Array(1000);
    const { component } = registry.put('acme/endless', '1', bytes);
    let sent = 0;
    registry.answer(`/v2/acme/endless/blobs/${component}`, (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(bytes)) sent += bytes.length;
      };
      response.on('drain', more);
      more();
    });
    expect((await rejection(pull('acme/endless:1'))).message).to.contain('more than the 1000 bytes');
    expect(sent).to.be.lessThan(64 * 1024 * 1024);
  });

  it('is given up where its registry stalls, or its caller has had enough', async () => {
    const { component } = registry.put('acme/stalled', '1', new Uint8Array(10));
    registry.answer(`/v2/acme/stalled/blobs/${component}`, (_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write(new Uint8Array(3));
    });
    const stalled = await rejection(pull('acme/stalled:1', { idleMs: 50 }));
    expect(stalled.message).to.contain('has sent nothing for 0.05 s');

    const controller = new AbortController();
    registry.answer('/v2/acme/stalled/manifests/1', () => controller.abort());
    const engine = await createEngine();
    const loading = engine.loadPlugin('stalled', url('acme/stalled:1'), { signal: controller.signal });
    expect((await rejection(loading)).code).to.equal('ERR_ABORTED');

    registry.answer('/v2/acme/stalled/manifests/1', () => void engine.close({ force: true }));
    const closing = engine.loadPlugin('stalled', url('acme/stalled:1'));
    expect((await rejection(closing)).code).to.equal('ERR_ENGINE_CLOSED');
  });

  it('is asked for by whom Docker knows, and nobody else is told who that is', async () => {
    const bytes = await echo();
    const { component } = registry.put('acme/private', '1', bytes);
    // The registry wants a token; the blob is elsewhere.
    const guarded = (path: string, answer: Uint8Array | string): void =>
      registry.answer(path, (request, response) => {
        if (request.headers.authorization !== 'Bearer for-ada') {
          const realm = `http://${registry.host}/token`;
          response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="tests"` }).end();
        } else if (typeof answer === 'string') response.writeHead(307, { location: answer }).end();
        else response.end(answer);
      });
    const manifest = await fetch(`http://${registry.host}/v2/acme/private/manifests/1`).then((found) => found.bytes());
    guarded('/v2/acme/private/manifests/1', manifest);
    guarded(`/v2/acme/private/blobs/${component}`, `http://${registry.host}/moved`);
    registry.answer('/moved', bytes);
    registry.answer('/token', (request, response) => {
      const isAda = request.headers.authorization === `Basic ${Buffer.from('ada:a secret').toString('base64')}`;
      response.writeHead(isAda ? 200 : 401).end(JSON.stringify({ token: 'for-ada' }));
    });
    registry.asked.length = 0;
    expect((await pull('acme/private:1')).bytes).to.deep.equal(bytes);
    expect(registry.asked.map(({ path }) => path)).to.include(
      '/token?scope=repository%3Aacme%2Fprivate%3Apull&service=tests',
    );

    // To another origin that is not HTTPS nothing goes, with or without who asks.
    guarded(`/v2/acme/private/blobs/${component}`, `http://${elsewhere.host}/blob`);
    elsewhere.answer('/blob', bytes);
    const error = await rejection(pull('acme/private:1'));
    expect(error.message).to.contain(`redirects to http://${elsewhere.host}, which is not HTTPS`);
    expect(elsewhere.asked).to.deep.equal([]);
  });

  const faults: Record<string, [manifest: unknown, says: string]> = {
    'no JSON': ['{', 'not JSON'],
    'no manifest': [{ schemaVersion: 1 }, 'none of OCI'],
    'an index': [{ schemaVersion: 2, manifests: [] }, 'an index of several artifacts'],
    'no layers': [{ schemaVersion: 2, config: {} }, 'no list of'],
    'a layer without a digest': [
      {
        schemaVersion: 2,
        config: { mediaType: 'a', digest: digestOf(new Uint8Array(1)), size: 1 },
        layers: [{ mediaType: 'application/wasm', digest: 'md5:0', size: 1 }],
      },
      '`layers[0]` of its manifest',
    ],
    'layers that are no component': [
      { schemaVersion: 2, config: { mediaType: 'a', digest: digestOf(new Uint8Array(1)), size: 1 }, layers: [] },
      'no layer of the type application/wasm',
    ],
  };

  for (const [what, [manifest, says]] of Object.entries(faults)) {
    it(`is refused where its registry has ${what}`, async () => {
      const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
      registry.answer('/v2/acme/odd/manifests/1', new TextEncoder().encode(text));
      const error = await rejection(pull('acme/odd:1'));
      expect(error.code).to.equal('ERR_REGISTRY');
      expect(error.message)
        .to.contain(`Cannot pull \`${url('acme/odd:1')}\``)
        .and.contain(says);
    });
  }

  it('is not there, and that is said', async () => {
    const error = await rejection(pull('acme/nothing:1'));
    expect(error.message).to.contain('there is no such artifact');
    const closed = new FalseRegistry();
    await closed.start();
    const { host } = closed;
    await closed.end();
    expect((await rejection(pullComponent(`oci://${host}/acme/a:1`, MAX_BYTES))).message).to.contain('ECONNREFUSED');
  });
});
