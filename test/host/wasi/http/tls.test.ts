import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Identity, selfSigned } from '../network/certificate.ts';
import { endAll, type LocalServer, listen } from '../network/local.ts';
import { type Tree, tree } from '../sandbox.ts';

const NAME = 'api.test';
const CLIENT = fileURLToPath(new URL('./tls-client.ts', import.meta.url));

describe('wasi:http by TLS', function () {
  this.timeout(30_000);
  let files: Tree;
  let identity: Identity;
  let server: LocalServer;

  before(async () => {
    files = tree();
    identity = selfSigned(NAME);
    writeFileSync(join(files.root, 'hosts'), `127.0.0.1 ${NAME} other.test\n`);
    writeFileSync(join(files.root, 'ca.pem'), identity.cert);
    server = await listen(createServer(identity, (_request, response) => response.end('by TLS')));
  });
  after(async () => {
    await endAll();
    files.remove();
  });

  const ask = async (name: string, environment: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [CLIENT, name, String(server.port), join(files.root, 'hosts')],
      { env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...environment } },
    );
    return stdout.trim();
  };

  it('speaks to a server that proves its name to the certificates of the process', async () => {
    expect(await ask(NAME, { NODE_EXTRA_CA_CERTS: join(files.root, 'ca.pem') })).to.equal('by TLS');
  });

  it('refuses a server that proves another name, or nothing', async () => {
    const refused = JSON.stringify({ tag: 'TLS-certificate-error' });
    expect(await ask('other.test', { NODE_EXTRA_CA_CERTS: join(files.root, 'ca.pem') })).to.equal(refused);
    expect(await ask(NAME)).to.equal(refused);
    // A variable that somebody has set for another purpose does not open it.
    expect(await ask(NAME, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).to.equal(refused);
  });
});
