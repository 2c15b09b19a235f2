import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers';
import { expect } from 'chai';
import { authorize, parseChallenge } from '../../src/oci/authorization.ts';
import { pullComponent } from '../../src/oci/pull.ts';
import { pushComponent } from '../../src/oci/push.ts';
import { createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { FalseRegistry } from './false-registry.ts';

const NOTHING = { exports: [], imports: [], layers: [], annotations: {} };

describe('a registry that means harm', () => {
  const registry = new FalseRegistry();
  const elsewhere = new FalseRegistry();
  const folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-oci-secrets-'));
  const docker = process.env.DOCKER_CONFIG;
  const logIn = (entry: object): void =>
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: entry } }));

  before(async () => {
    await Promise.all([registry.start(), elsewhere.start()]);
    process.env.DOCKER_CONFIG = folder;
  });

  after(async () => {
    if (docker === undefined) delete process.env.DOCKER_CONFIG;
    else process.env.DOCKER_CONFIG = docker;
    rmSync(folder, { recursive: true });
    await Promise.all([registry.end(), elsewhere.end()]);
  });

  const asksForToken =
    (host: string) =>
    (_: IncomingMessage, response: ServerResponse): void =>
      void response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token"` }).end();

  it('does not get what is posted for a token sent on to somebody else', async () => {
    logIn({ identitytoken: 'a secret' });
    registry.answer('/v2/acme/a/manifests/1', asksForToken(registry.host));
    registry.answer(
      '/token',
      (_, response) => void response.writeHead(307, { location: `http://${elsewhere.host}/token` }).end(),
    );
    const error = await rejection(pullComponent(`oci://${registry.host}/acme/a:1`, 1000));
    expect(error.message).to.contain(`has what it is told sent on to http://${elsewhere.host}`);
    expect(elsewhere.asked).to.deep.equal([]);
  });

  it('does not get a component sent elsewhere but by HTTPS, and nobody else may ask for credentials', async () => {
    logIn({ auth: Buffer.from('ada:a secret').toString('base64') });
    const component = new Uint8Array(10);
    registry.answer('/v2/acme/b/blobs/uploads/', (_, response) =>
      response.writeHead(202, { location: `http://${elsewhere.host}/upload` }).end(),
    );
    elsewhere.answer('/upload', asksForToken(elsewhere.host));
    const error = await rejection(pushComponent(`oci://${registry.host}/acme/b:1`, { ...NOTHING, component }));
    expect(error.message).to.contain(`has uploads go to http://${elsewhere.host}, which is not HTTPS`);
    expect(elsewhere.asked).to.deep.equal([]);
  });

  it('gets no password sent over a network in the clear', async () => {
    const credentials = { username: 'ada', password: 'a secret' };
    for (const [origin, realm] of [
      ['https://example.org', 'http://127.0.0.1/token'],
      ['http://127.0.0.1:5000', 'http://example.org/token'],
      ['http://127.0.0.1:5000', 'file:///token'],
    ] as const) {
      const challenge = { scheme: 'bearer', realm, service: undefined } as const;
      const error = await authorize(challenge, new URL(origin), 'scope', credentials, {}).catch((thrown) => thrown);
      expect(error.message).to.contain('sends for a token to what is no HTTPS address');
    }
  });

  it('is read in linear time', () => {
    // By squares it would take hours.
    expect(parseChallenge(`Bearer ${'a'.repeat(2_000_000)}`)).to.equal(undefined);
    expect(parseChallenge('Bearer realm="https://example.org/",service="s",scope="x"')).to.deep.equal({
      scheme: 'bearer',
      realm: 'https://example.org/',
      service: 's',
    });
  });

  it('does not hold up an engine that closes while it waits to ask again', async () => {
    const engine = await createEngine();
    registry.answer('/v2/acme/busy/manifests/1', (_, response) => {
      response.writeHead(503).end();
      // Most likely in the pause before it is asked again; the same has to come of it at any other time.
      setTimeout(() => void engine.close({ force: true }), 60);
    });
    const loading = engine.loadPlugin('busy', `oci://${registry.host}/acme/busy:1`);
    expect((await rejection(loading)).code).to.equal('ERR_ENGINE_CLOSED');
    await engine.close();
  });
});
