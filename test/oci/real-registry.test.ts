import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { MAX_BYTES } from '../../src/artifact/source.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { pullComponent } from '../../src/oci/pull.ts';
import { pushComponent } from '../../src/oci/push.ts';
import { type OciReference, parseReference } from '../../src/oci/reference.ts';
import { Repository } from '../../src/oci/registry.ts';
import { addSignature, payloadFor } from '../../src/signature/cosign.ts';
import { fingerprint, resolveKey, signBytes } from '../../src/signature/keys.ts';
import { echo, lifecycle } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { findRegistry, RegistryServer } from './registry-server.ts';

/** `ada`, `a secret`: bcrypt, as the registry wants it. */
const ADA = 'ada:$2b$04$mYoo0HXhPC.HMArgXj.wcOSARJPo5.u8o6QZxWlXSKwQzHsIdC3M.';

describe('a real registry', () => {
  const path = findRegistry();
  if (path === undefined) return;
  const registry = new RegistryServer(path);
  const guarded = new RegistryServer(path, ADA);
  const folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-docker-'));
  const docker = process.env.DOCKER_CONFIG;
  const nothing = { exports: [], imports: [], layers: [], annotations: {} };
  const logIn = (password: string): void => {
    const auth = Buffer.from(`ada:${password}`).toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [guarded.host]: { auth } } }));
  };

  before(async () => {
    process.env.DOCKER_CONFIG = folder;
    await Promise.all([registry.start(), guarded.start()]);
  });
  after(async () => {
    if (docker === undefined) delete process.env.DOCKER_CONFIG;
    else process.env.DOCKER_CONFIG = docker;
    await Promise.all([registry.end(), guarded.end(), closeEngines()]);
    rmSync(folder, { recursive: true });
  });

  it('takes a component and gives it back, under the same digest each time', async () => {
    const component = await copyOf(echo());
    const reference = `oci://${registry.host}/acme/tools/echo:1.0`;
    const pushed = await pushComponent(reference, {
      ...nothing,
      component,
      annotations: { 'com.example.team': 'ada' },
    });
    expect(pushed).to.match(new RegExp(`^${reference}@sha256:[0-9a-f]{64}$`));
    expect(
      await pushComponent(reference, { ...nothing, component, annotations: { 'com.example.team': 'ada' } }),
    ).to.equal(pushed);
    const { bytes, manifest } = await pullComponent(pushed, MAX_BYTES);
    expect(bytes).to.deep.equal(component);
    expect(manifest.config.mediaType).to.equal('application/vnd.wasm.config.v0+json');
    expect(manifest.layers.map(({ mediaType }) => mediaType)).to.deep.equal(['application/wasm']);
    expect(manifest.annotations).to.deep.equal({ 'com.example.team': 'ada' });
    const engine = await createEngine();
    await engine.loadPlugin('echo', reference);
    expect((await engine.process('echo', { input: 'Hello' })).output).to.equal('Hello');
    // What the tag stands for by then.
    await pushComponent(reference, { ...nothing, component: await copyOf(lifecycle.initializeErrs()) });
    expect((await rejection(engine.reloadPlugin('echo'))).code).to.equal('ERR_INITIALIZE_FAILED');
    await engine.reloadPlugin('echo', pushed);
  });

  it('wants to know who asks', async () => {
    const component = await copyOf(echo());
    const reference = `oci://${guarded.host}/acme/echo:1`;
    writeFileSync(join(folder, 'config.json'), '{}');
    const nobody = await rejection(pushComponent(reference, { ...nothing, component }));
    expect(nobody.code).to.equal('ERR_REGISTRY');
    expect(nobody.hint).to.equal(`Log in: docker login ${guarded.host}`);
    logIn('another secret');
    expect((await rejection(pushComponent(reference, { ...nothing, component }))).message).to.contain('answers 401');
    logIn('a secret');
    await pushComponent(reference, { ...nothing, component });
    expect((await pullComponent(reference, MAX_BYTES)).bytes).to.deep.equal(component);
  });

  it('has signatures beside its artifacts', async () => {
    const component = await copyOf(echo());
    const [ada, ben, eve] = [pair(), pair(), pair()];
    const reference = parseReference(
      await pushComponent(`oci://${registry.host}/acme/signed:1`, { ...nothing, component }),
    );
    const repository = new Repository(reference, 'pull,push');
    const digest = reference.digest!;
    const engine = await createEngine();
    const load = (name: string, ...keys: Pair[]) =>
      engine.loadPlugin(name, `oci://${registry.host}/acme/signed:1`, {
        verify: { keys: keys.map(({ publicKey }) => publicKey) },
      });
    expect((await rejection(load('unsigned', ada))).message).to.contain('its registry has no signature beside it');
    for (const each of [eve, ada, ben]) await sign(repository, reference, digest, each);
    expect((await load('signed', ben)).signedBy).to.deep.equal({ keySha256: fingerprint(ben.publicKey) });
    expect((await load('either', pair(), ada)).signedBy).to.deep.equal({
      keySha256: fingerprint(ada.publicKey),
    });
    const foreign = await rejection(load('foreign', pair()));
    expect(foreign.code).to.equal('ERR_SIGNATURE');

    // Good signatures of another artifact say nothing of this one.
    const other = parseReference(
      await pushComponent(`oci://${registry.host}/acme/signed:1`, {
        ...nothing,
        component: await copyOf(lifecycle.initializeErrs()),
      }),
    );
    await sign(repository, reference, other.digest!, ada);
    expect((await rejection(load('moved', ada))).code).to.equal('ERR_SIGNATURE');
  });

  it('keeps what others have signed as they have written it, and no signature twice', async () => {
    const component = await copyOf(echo());
    const reference = parseReference(
      await pushComponent(`oci://${registry.host}/acme/ours:1`, { ...nothing, component }),
    );
    const repository = new Repository(reference, 'pull,push');
    const digest = reference.digest!;
    const tag = `${digest.replace(':', '-')}.sig`;
    const [ada, ben] = [ecPair(), ecPair()];
    await sign(repository, reference, digest, ada);
    // As those of cosign without a key are: what they are verified by stands beside them.
    const written = JSON.parse(new TextDecoder().decode((await repository.manifest(tag)).bytes));
    written.layers[0].annotations['dev.sigstore.cosign/certificate'] = 'a certificate';
    await repository.uploadManifest(JSON.stringify(written), written.mediaType, tag);
    for (const each of [ben, ben, ada]) await sign(repository, reference, digest, each);
    const { layers } = parseManifest((await repository.manifest(tag)).bytes);
    expect(layers).to.have.length(2);
    expect(layers[0]).to.deep.equal(written.layers[0]);
  });
});

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function pair(): Pair {
  return generateKeyPairSync('ed25519');
}

function ecPair(): Pair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** @param digest Of the artifact beside which the signature goes. */
async function sign(repository: Repository, about: OciReference, digest: string, pair: Pair): Promise<void> {
  const payload = payloadFor(about, about.digest!);
  const signed = { payload, signature: signBytes(pair.privateKey, payload) };
  await addSignature(repository, digest, signed, resolveKey('key', pair.publicKey));
}

async function copyOf(bytes: Promise<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await bytes);
}
