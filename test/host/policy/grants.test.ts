import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PluginEngine } from '../../../src/engine.ts';
import { wasi } from '../../fixtures/guests.ts';
import { syscalls } from '../../hostile/guests/syscalls.ts';
import { closeEngines, collect, createEngine } from '../../support/engine.ts';
import { outcome, rejection } from '../../support/outcome.ts';
import { tree as makeTree, type Tree } from '../wasi/sandbox.ts';

const VARIABLE = 'GRANTS_TEST_VARIABLE';

describe('capabilities of a loaded plugin', () => {
  let engine: PluginEngine;
  let tree: Tree;
  const ask = async (input: string): Promise<string> => (await engine.process('guest', { input })).output;

  before(() => {
    process.env[VARIABLE] = 'yes';
  });
  after(async () => {
    delete process.env[VARIABLE];
    await closeEngines();
  });
  beforeEach(async () => {
    engine = await createEngine();
    tree = makeTree();
  });
  afterEach(async () => {
    await engine.close();
    tree.remove();
  });

  it('hold for the next request when `grant` resolves, and are gone when `revoke` does', async () => {
    await engine.loadPlugin('guest', await syscalls());
    expect(await ask('environment\npreopens')).to.equal('none\nnone');
    await engine.capabilities.grant('guest', 'env', { name: VARIABLE });
    await engine.capabilities.grant('guest', 'fs-read', { directory: tree.granted, mount: '/in' });
    expect(await ask('environment\npreopens\ncat 0 file\nput 0 file x')).to.equal(
      `${VARIABLE}=yes \n/in \nok inside\nread-only`,
    );
    await engine.capabilities.revoke('guest', 'fs-read');
    expect(await ask('environment\npreopens')).to.equal(`${VARIABLE}=yes \nnone`);
    await engine.capabilities.grant('guest', 'fs-write', { directory: tree.granted, mount: '/out' });
    expect(await ask('preopens\nput 0 file mine\ncat 0 file')).to.equal('/out \nok\nok minede');
  });

  it('change without a lost request', async () => {
    await engine.loadPlugin('guest', await wasi());
    const answers: Promise<string>[] = [];
    for (let round = 0; round < 10; round++) {
      for (let request = 0; request < 50; request++) answers.push(ask('environment'));
      const change = round % 2 === 0 ? 'grant' : 'revoke';
      await engine.capabilities[change]('guest', 'env', { name: VARIABLE });
      expect(await ask('environment')).to.equal(change === 'grant' ? '1' : '0');
    }
    for (const answer of await Promise.all(answers)) expect(answer).to.be.oneOf(['0', '1']);
  });

  it('are events, and show up in the policy of the plugin', async () => {
    await engine.loadPlugin('guest', await wasi());
    const granted = collect(engine, 'capability:granted');
    const revoked = collect(engine, 'capability:revoked');
    await engine.capabilities.grant('guest', 'env', { name: VARIABLE });
    expect(engine.listPlugins()[0]?.policy.allowEnv).to.deep.equal([VARIABLE]);
    await engine.capabilities.revoke('guest', 'env');
    expect(engine.listPlugins()[0]?.policy.allowEnv).to.deep.equal([]);
    const grant = { plugin: 'guest', capability: 'env', details: { name: VARIABLE } };
    expect(granted).to.deep.equal([{ ...grant, change: 'granted' }]);
    expect(revoked).to.deep.equal([{ ...grant, change: 'revoked' }]);
  });

  it('are told of when they hold', async () => {
    await engine.loadPlugin('guest', await wasi());
    const seen: Promise<string>[] = [];
    const look = (): unknown => seen.push(ask('environment'));
    engine.on('capability:granted', look);
    engine.on('capability:revoked', look);
    await engine.capabilities.grant('guest', 'env', { name: VARIABLE });
    await engine.capabilities.revoke('guest', 'env');
    expect(await Promise.all(seen)).to.deep.equal(['1', '0']);
  });

  it('are not told of when they could not be made', async () => {
    await engine.loadPlugin('guest', await syscalls());
    const granted = collect(engine, 'capability:granted');
    await rejection(engine.capabilities.grant('guest', 'fs-read', { directory: '/proc' }));
    expect(granted).to.deep.equal([]);
  });

  it('are gone when they are taken back, with the plugin where it does not start without them', async () => {
    await engine.loadPlugin('guest', await syscalls());
    await engine.capabilities.grant('guest', 'env', { name: VARIABLE });
    await engine.capabilities.grant('guest', 'fs-read', { directory: tree.granted, mount: '/in' });
    // From now on no instance can be made that keeps the other grant.
    rmSync(tree.granted, { recursive: true });
    symlinkSync(tree.outside, tree.granted);
    const told: string[] = [];
    for (const name of ['plugin:reload-failed', 'plugin:unloaded', 'capability:revoked'] as const) {
      engine.on(name, () => void told.push(name));
    }
    const states = collect(engine, 'plugin:state');
    const before = ask('environment');
    const error = await rejection(engine.capabilities.revoke('guest', 'env'));
    expect(error.code).to.equal('ERR_CAPABILITY_DENIED');
    expect(await before).to.equal(`${VARIABLE}=yes `);
    expect(await outcome(engine.process('guest', { input: 'environment' }))).to.equal('ERR_PLUGIN_NOT_FOUND');
    expect(told).to.deep.equal(['plugin:reload-failed', 'plugin:unloaded', 'capability:revoked']);
    expect(states.map(({ to }) => to)).to.deep.equal(['draining', 'unloaded']);
    expect(states[0]!.reason).to.match(/^it did not start again: ERR_CAPABILITY_DENIED: The granted directory /);
    expect(engine.capabilities.grants('guest').map(({ capability }) => capability)).to.deep.equal(['fs-read']);
    // The name is free.
    await engine.capabilities.revoke('guest', 'fs-read');
    await engine.loadPlugin('guest', await syscalls());
    expect(await ask('environment\npreopens')).to.equal('none\nnone');
  });

  it('of directories that do not exist are told of, where the plugin asks for files', async () => {
    const warnings = collect(engine, 'plugin:warning');
    const sandbox = { allowFsRead: [join(tree.root, 'none'), tree.granted], allowFsWrite: ['/no\nwhere'] };
    await engine.loadPlugin('other', await wasi(), { sandbox });
    expect(warnings).to.deep.equal([]);
    const { version } = await engine.loadPlugin('guest', await syscalls(), { sandbox });
    const warning = (path: string): object => ({
      plugin: 'guest',
      version,
      message: `The granted directory ${path} does not exist: it is not mounted`,
    });
    expect(warnings).to.deep.equal([warning(join(tree.root, 'none')), warning('/no\\u{a}where')]);
    expect(await ask('preopens')).to.equal(`${tree.granted} `);
  });

  it('can be granted before the plugin is loaded, and belong to no other name', async () => {
    await engine.capabilities.grant('guest', 'env', { name: VARIABLE });
    await engine.loadPlugin('guest', await wasi());
    await engine.loadPlugin('other', await wasi());
    expect(await ask('environment')).to.equal('1');
    expect((await engine.process('other', { input: 'environment' })).output).to.equal('0');
  });

  it('follow the policies of the predefined names, where these are asked for', async () => {
    process.env.PLUGIN_MODE = 'test';
    await engine.loadPlugin('trusted-plugin', await wasi());
    const asked = await createEngine({ threads: 1, policies: 'source-design' });
    await asked.loadPlugin('trusted-plugin', await wasi());
    await asked.loadPlugin('untrusted-plugin', await wasi());
    delete process.env.PLUGIN_MODE;
    expect((await engine.process('trusted-plugin', { input: 'environment' })).output).to.equal('0');
    expect((await asked.process('trusted-plugin', { input: 'environment' })).output).to.equal('1');
    expect((await asked.process('untrusted-plugin', { input: 'environment' })).output).to.equal('0');
  });

  it('leave the working version in place when they cannot be granted', async () => {
    await engine.loadPlugin('guest', await syscalls());
    const error = await rejection(engine.capabilities.grant('guest', 'fs-read', { directory: '/proc' }));
    expect(error.code).to.equal('ERR_CAPABILITY_DENIED');
    expect(await ask('preopens')).to.equal('none');
    expect(engine.capabilities.grants('guest')).to.deep.equal([]);
    await engine.capabilities.grant('guest', 'env', { name: VARIABLE });
    expect(await ask('environment')).to.equal(`${VARIABLE}=yes `);
  });

  it('are for one component only when its sha-256 is pinned', async () => {
    const { sha256 } = await engine.loadPlugin('guest', await wasi());
    await engine.unloadPlugin('guest');
    engine.capabilities.setPolicy('guest', { sha256: sha256.toUpperCase(), allowEnv: [VARIABLE] });
    await engine.loadPlugin('guest', await wasi());
    expect(await ask('environment')).to.equal('1');
    const error = await rejection(engine.reloadPlugin('guest', await syscalls()));
    expect(error.code).to.equal('ERR_CAPABILITY_DENIED');
    expect(error.message).to.include(sha256);
    expect(await ask('environment')).to.equal('1');
  });
});
