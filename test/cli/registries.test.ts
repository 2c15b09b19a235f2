import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { echo } from '../fixtures/guests.ts';
import { findRegistry, RegistryServer } from '../oci/registry-server.ts';
import { linesOf, Workplace } from './cli.ts';

describe('wasm-plugin-pool sign', () => {
  const workplace = new Workplace();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');

  before(async () => {
    await workplace.file('echo.wasm', echo);
    await workplace.file('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await workplace.file('key.pub', publicKey.export({ type: 'spki', format: 'pem' }));
  });

  it('writes what `run --verify-key` wants to see', async () => {
    const run = ['run', 'echo.wasm', '--input', 'Hello', '--quiet', '--verify-key', 'key.pub'];
    const before = await workplace.run(run);
    expect(before.stderr).to.match(/^error: `.*echo\.wasm` is not signed: there is no `.*echo\.wasm\.sig`\. /);
    expect(before.status).to.equal(2);
    expect(await workplace.run(['sign', 'echo.wasm', '--key', 'key.pem'])).to.deep.equal({
      status: 0,
      stdout: 'echo.wasm.sig\n',
      stderr: '',
    });
    expect(await workplace.run(run)).to.include({ status: 0, stdout: 'Hello\n', stderr: '' });
    await workplace.file('echo.wasm.sig', `${Buffer.alloc(64).toString('base64')}\n`);
    expect((await workplace.run(run)).stderr).to.contain('(ERR_SIGNATURE)');
  });

  it('says what is no key', async () => {
    const { status, stderr } = await workplace.run(['sign', 'echo.wasm', '--key', 'key.pub']);
    expect(stderr).to.match(/^error: The key is no private key in PEM/);
    expect(status).to.equal(2);
  });
});

describe('wasm-plugin-pool push and pull', () => {
  const path = findRegistry();
  if (path === undefined) return;
  const registry = new RegistryServer(path);
  const workplace = new Workplace();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const url = (): string => `oci://${registry.host}/acme/echo:1`;

  before(async () => {
    await registry.start();
    await workplace.file('echo.wasm', echo);
    await workplace.file('echo.json', '{"sandbox":"restricted"}');
    await workplace.file('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await workplace.file('key.pub', publicKey.export({ type: 'spki', format: 'pem' }));
  });
  after(() => registry.end());

  it('put a signed plugin there, and fetch it', async () => {
    const pushed = await workplace.run(['push', 'echo.wasm', url(), '--key', 'key.pem', '--options', 'echo.json']);
    expect(pushed.stdout).to.match(/^oci:\/\/127\.0\.0\.1:\d+\/acme\/echo:1@sha256:[0-9a-f]{64}\n$/);
    expect(linesOf(pushed.stderr)).to.deep.equal(['signed; who loads it can ask for that with --verify-key']);

    const pulled = await workplace.run(['pull', url(), '--out', 'pulled.wasm', '--verify-key', 'key.pub', '--json']);
    expect(JSON.parse(pulled.stdout)).to.include({ file: 'pulled.wasm', reference: pushed.stdout.trim() });
    expect(new Uint8Array(await readFile(workplace.path('pulled.wasm')))).to.deep.equal(new Uint8Array(await echo()));

    const again = await workplace.run(['pull', url(), '--out', 'pulled.wasm']);
    expect(again.stderr).to.equal(
      'error: `pulled.wasm` is there already: --force writes over it, --out names another place.\n',
    );
    expect(again.status).to.equal(2);
    expect((await workplace.run(['pull', url(), '--out', 'pulled.wasm', '--force'])).status).to.equal(0);
  });

  it('run what a reference names', async () => {
    await workplace.run(['push', 'echo.wasm', url(), '--json']);
    const ran = await workplace.run(['run', url(), '--input', 'Hello', '--quiet']);
    expect(ran).to.deep.equal({ status: 0, stdout: 'Hello\n', stderr: '' });
    const nothing = await workplace.run(['run', url().replace('echo', 'nothing'), '--input', 'Hello']);
    expect(nothing.stderr).to.match(
      /^error: Cannot pull `oci:.*nothing:1`: there is no such artifact\. Look at its name and its tag\. \(ERR_REGISTRY\)\n$/,
    );
    expect(nothing.status).to.equal(2);
  });
});
