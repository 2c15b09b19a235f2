import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fingerprint, resolvePrivateKey, signBytes } from '../../src/signature/keys.ts';
import { echo, lifecycle } from '../fixtures/guests.ts';
import { closeEngines, createEngine, nextEvent } from '../support/engine.ts';
import { rejection, thrown } from '../support/outcome.ts';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const pairs = {
  ed25519: generateKeyPairSync('ed25519'),
  'ECDSA on P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'RSA of 2048 bits': generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const { ed25519 } = pairs;
const other = generateKeyPairSync('ed25519');

describe('a component that has to be signed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-signed-'));
  const path = join(folder, 'echo.wasm');
  const sign = (bytes: Uint8Array, key: KeyObject): string => signBytes(key, bytes).toString('base64');

  before(async () => writeFileSync(path, await echo()));
  after(async () => {
    await closeEngines();
    rmSync(folder, { recursive: true });
  });

  for (const [kind, { privateKey, publicKey }] of Object.entries(pairs)) {
    it(`loads where the signature beside it is by one of the keys: ${kind}`, async () => {
      const engine = await createEngine();
      writeFileSync(`${path}.sig`, `${sign(await echo(), privateKey)}\n`);
      const verify = { keys: [pem(other.publicKey), pem(publicKey)] };
      const { signedBy } = await engine.loadPlugin('echo', path, { verify });
      expect(signedBy).to.deep.equal({ keySha256: fingerprint(publicKey) });
      expect(engine.getPlugin('echo')?.stable?.signedBy).to.deep.equal(signedBy);
    });
  }

  it('does not load where it is signed by somebody else, or is another one', async () => {
    const engine = await createEngine();
    const verify = { keys: [ed25519.publicKey] };
    writeFileSync(`${path}.sig`, sign(await echo(), other.privateKey));
    const foreign = await rejection(engine.loadPlugin('echo', path, { verify }));
    expect(foreign.code).to.equal('ERR_SIGNATURE');
    expect(foreign.message).to.equal(`\`${path}\` is not signed by who has the key that is asked for`);

    writeFileSync(`${path}.sig`, sign((await echo()).subarray(1), ed25519.privateKey));
    expect((await rejection(engine.loadPlugin('echo', path, { verify }))).code).to.equal('ERR_SIGNATURE');
    expect(engine.getPlugin('echo')).to.equal(undefined);
  });

  it('does not load where it is not signed, whatever the reason', async () => {
    const engine = await createEngine({ verify: { keys: [ed25519.publicKey] } });
    rmSync(`${path}.sig`, { force: true });
    const missing = await rejection(engine.loadPlugin('echo', path));
    expect(missing.code).to.equal('ERR_SIGNATURE');
    expect(missing.message).to.contain(`there is no \`${path}.sig\``);
    for (const text of ['', 'no base64!', 'AAAA', '-----BEGIN PUBLIC KEY-----']) {
      writeFileSync(`${path}.sig`, text);
      const error = await rejection(engine.loadPlugin('echo', path));
      expect(error.message, text).to.contain('holds no signature in base64');
    }
    const bytes = await rejection(engine.loadPlugin('echo', await echo()));
    expect(bytes.message).to.contain('no `signature` came with it');
  });

  it('may come as bytes, with a signature beside them', async () => {
    const engine = await createEngine();
    const bytes = await echo();
    const verify = { keys: [ed25519.publicKey], signature: sign(bytes, ed25519.privateKey) };
    await engine.loadPlugin('echo', bytes, { verify });
    expect((await engine.process('echo', { input: 'Hello' })).output).to.equal('Hello');
    const changed = await rejection(engine.loadPlugin('changed', await lifecycle.initializeErrs(), { verify }));
    expect(changed.code).to.equal('ERR_SIGNATURE');
  });

  it('is looked at again with a reload; what was loaded stays where that fails', async () => {
    const engine = await createEngine();
    writeFileSync(`${path}.sig`, sign(await echo(), ed25519.privateKey));
    await engine.loadPlugin('echo', path, { verify: { keys: [ed25519.publicKey] } });
    writeFileSync(`${path}.sig`, sign(await echo(), other.privateKey));
    expect((await rejection(engine.reloadPlugin('echo'))).code).to.equal('ERR_SIGNATURE');
    expect((await engine.process('echo', { input: 'still' })).output).to.equal('still');
    const next = engine.versions('echo').load(path, { version: '2', verify: { keys: [ed25519.publicKey] } });
    expect((await rejection(next)).code).to.equal('ERR_SIGNATURE');
  });

  it('is watched with its signature: what comes later has it tried again', async () => {
    const watched = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-watched-'));
    const engine = await createEngine({ verify: { keys: [ed25519.publicKey] } });
    copyFileSync(path, join(watched, 'echo.wasm'));
    const failed = nextEvent(engine, 'plugin:reload-failed');
    await engine.watch(watched);
    expect((await failed)[1].code).to.equal('ERR_SIGNATURE');
    const loaded = nextEvent(engine, 'plugin:loaded');
    writeFileSync(join(watched, 'echo.wasm.sig'), sign(await echo(), ed25519.privateKey));
    expect((await loaded)[0].signedBy).to.deep.equal({ keySha256: fingerprint(ed25519.publicKey) });
    await engine.close();
    rmSync(watched, { recursive: true });
  });

  it('is asked for with keys that are some', async () => {
    const engine = await createEngine();
    const privatePem = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const weak = pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
    const odd: unknown[] = [
      {},
      { keys: [] },
      { keys: ['no key'] },
      { keys: [privatePem] },
      { keys: [ed25519.privateKey] },
      { keys: [weak] },
      { keys: [pem(generateKeyPairSync('x25519').publicKey)] },
      { keys: [pem(ed25519.publicKey)], key: '' },
      { keys: [pem(ed25519.publicKey)], signature: '!' },
    ];
    for (const verify of odd) {
      const error = await rejection(engine.loadPlugin('echo', path, { verify: verify as never }));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).not.to.contain('PRIVATE');
    }
    await rejection(createEngine({ verify: { keys: [] } }));
  });

  it('is signed with a private key, which may have a passphrase', () => {
    const options = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a secret' } as const;
    const encrypted = ed25519.privateKey.export(options) as string;
    expect(resolvePrivateKey(encrypted, 'a secret').type).to.equal('private');
    expect(thrown(() => resolvePrivateKey(encrypted, 'another')).message).to.contain('its passphrase is another one');
    const cosign =
      '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n';
    expect(thrown(() => resolvePrivateKey(cosign, undefined)).hint).to.contain('cosign sign-blob');
  });
});
