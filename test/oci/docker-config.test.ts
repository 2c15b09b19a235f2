import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import { credentialsOf } from '../../src/oci/docker-config.ts';

describe('the configuration of Docker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-docker-'));
  const { DOCKER_CONFIG: docker, PATH: path } = process.env;
  const write = (config: unknown): void =>
    writeFileSync(join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  const fault = (registry: string): Promise<string> =>
    credentialsOf(registry).then(
      () => expect.fail('It was taken'),
      (error: Error) => error.message,
    );

  before(() => {
    process.env.DOCKER_CONFIG = folder;
    process.env.PATH = `${folder}${delimiter}${path}`;
  });
  after(() => {
    if (docker === undefined) delete process.env.DOCKER_CONFIG;
    else process.env.DOCKER_CONFIG = docker;
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  it('need not be there', async () => {
    expect(await credentialsOf('example.org')).to.equal(undefined);
  });

  it('has a pair for a registry, and nothing for others', async () => {
    const auth = Buffer.from('ada:se:cret').toString('base64');
    write({ auths: { 'example.org': { auth }, 'https://index.docker.io/v1/': { auth }, 'empty.example.org': {} } });
    const ada = { username: 'ada', password: 'se:cret' };
    expect(await credentialsOf('example.org')).to.deep.equal(ada);
    expect(await credentialsOf('registry-1.docker.io')).to.deep.equal(ada);
    for (const other of ['example.org:5000', 'other.example.org', 'empty.example.org', '__proto__']) {
      expect(await credentialsOf(other), other).to.equal(undefined);
    }
  });

  it('may have a token instead', async () => {
    write({ auths: { 'example.org': { auth: '', identitytoken: 'a token' } } });
    expect(await credentialsOf('example.org')).to.deep.equal({ identityToken: 'a token' });
  });

  it('may name a helper, which is asked', async () => {
    const helper = join(folder, 'docker-credential-tests');
    writeFileSync(
      helper,
      `#!/bin/sh\nread -r registry\ncase "$registry" in\nexample.org) echo '{"Username":"ada","Secret":"a secret"}' ;;\ntoken.org) echo '{"Username":"<token>","Secret":"a token"}' ;;\nodd.org) echo 'what?' ;;\n*) echo 'credentials not found in native keychain'; exit 1 ;;\nesac\n`,
    );
    chmodSync(helper, 0o755);
    write({ credsStore: 'tests', credHelpers: { 'gone.org': 'gone', 'evil.org': '../evil' } });
    expect(await credentialsOf('example.org')).to.deep.equal({ username: 'ada', password: 'a secret' });
    expect(await credentialsOf('token.org')).to.deep.equal({ identityToken: 'a token' });
    expect(await credentialsOf('other.org')).to.equal(undefined);
    expect(await fault('odd.org')).to.equal('`docker-credential-tests get` did not give the credentials of odd.org');
    expect(await fault('gone.org')).to.equal('`docker-credential-gone get` did not give the credentials of gone.org');
    expect(await fault('evil.org')).to.contain('no name');
  });

  it('shows nothing of what it holds where it is broken', async () => {
    write('{"auths": {"example.org": {"auth": "YWRhOnNlY3JldA=="}');
    expect(await fault('example.org')).to.match(/^the configuration `.*config\.json` is not JSON$/);
    write({ auths: { 'example.org': { auth: Buffer.from('no colon').toString('base64') } } });
    expect(await fault('example.org'))
      .to.contain('has no user and password for example.org')
      .and.not.contain('colon');
  });
});
