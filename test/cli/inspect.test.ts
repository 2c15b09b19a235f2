import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { inspectComponent } from '../../src/cli/inspection.ts';
import { echo, lifecycle, memories, misfits, worlds } from '../fixtures/guests.ts';
import { linesOf, Workplace } from './cli.ts';

describe('wasm-plugin-pool inspect', () => {
  const workplace = new Workplace();

  it('shows a plugin to a reader', async () => {
    await workplace.file('echo.wasm', echo);
    const { status, stdout, stderr } = await workplace.run(['inspect', 'echo.wasm']);
    const sha256 = createHash('sha256')
      .update(await echo())
      .digest('hex');
    expect(stdout).to.match(new RegExp(`^file {6}echo\\.wasm, [\\d,]+ bytes\nsha-256 {3}${sha256}\n`));
    expect(linesOf(stdout)).to.include.members([
      'contract  toolsku:plugin-system@1, world plugin-world',
      'metadata  fixture 1.0.0: A plugin for tests',
      'memories  module 0: 128 KiB at the start, no maximum of its own',
      'binding   direct',
      'features  WebAssembly 2.0',
      '            get-config: func(key: string) -> option<string>;',
      '            process: func(req: process-request) -> process-response;',
    ]);
    expect(stdout).to.match(
      /^imports {3}interface toolsku:plugin-system\/host-api@1\.0\.0 \{ \/\/ hash [0-9a-f]{16}$/m,
    );
    expect(linesOf(stderr)).to.deep.equal(['[info] echo: initialized', '[event] echo: shutdown bye']);
    expect(status).to.equal(0);
  });

  it('shows a plugin to a program', async () => {
    await workplace.file('echo.wasm', echo);
    const { stdout } = await workplace.run(['inspect', 'echo.wasm', '--json']);
    const inspection = JSON.parse(stdout);
    expect(inspection).to.include({ file: 'echo.wasm', bytes: (await echo()).length });
    expect(inspection.contract).to.deep.equal({
      package: 'toolsku:plugin-system@1',
      fits: true,
      world: 'plugin-world',
      exportName: 'toolsku:plugin-system/plugin-api@1.0.0',
      hostApi: 'toolsku:plugin-system/host-api@1.0.0',
      wasi: [],
      needs: [],
    });
    expect(inspection.binding).to.deep.equal({ kind: 'direct' });
    expect(inspection.metadata).to.deep.equal({
      state: 'given',
      value: { name: 'fixture', version: '1.0.0', description: 'A plugin for tests' },
    });
    expect(inspection.memories).to.deep.equal([{ module: 0, instances: 1, minBytes: 131_072 }]);
    expect(inspection.imports[0].hash).to.match(/^[0-9a-f]{16}$/);
    expect(inspection.exports[0].wit).to.match(/^interface toolsku:plugin-system\/plugin-api@1\.0\.0 \{\n/);
  });

  it('shows equal hashes for interfaces that are interchangeable', async () => {
    await workplace.file('echo.wasm', echo);
    await workplace.file('later.wasm', worlds.laterMinor);
    const hashes = await Promise.all(
      ['echo.wasm', 'later.wasm'].map(async (file) => {
        const { stdout } = await workplace.run(['inspect', file, '--json']);
        return JSON.parse(stdout).exports[0].hash;
      }),
    );
    expect(hashes[0]).to.equal(hashes[1]);
  });

  it('shows the types of a component that fits no world, and ends with status 2', async () => {
    await workplace.file('field.wasm', misfits.wrongFieldType);
    const { status, stdout, stderr } = await workplace.run(['inspect', 'field.wasm']);
    expect(stdout).to.include('input: list<u8>,');
    expect(stdout).to.match(/^contract {2}none: .*expected string, got list<u8>/m);
    expect(linesOf(stderr)).to.have.length(1);
    expect(stderr).to.match(
      /^error: .*interface hashes: expected [0-9a-f]{16}, got [0-9a-f]{16}.*\(ERR_INCOMPATIBLE_WIT\)$/m,
    );
    expect(status).to.equal(2);
  });

  it('shows the rest when the metadata cannot be had', async () => {
    await workplace.file('refuses.wasm', lifecycle.initializeErrs);
    const { status, stdout } = await workplace.run(['inspect', 'refuses.wasm']);
    expect(stdout).to.match(/^metadata {2}could not be had\. .*no licence key.*\(ERR_INITIALIZE_FAILED\)$/m);
    expect(stdout).to.match(/^exports {3}interface /m);
    expect(status).to.equal(0);
  });

  it('starts the plugin with a configuration, for its metadata', async () => {
    await workplace.file('echo.wasm', echo);
    const { stdout } = await workplace.run(['inspect', 'echo.wasm', '--config', `prefix=${'x'.repeat(3000)}`]);
    expect(stdout).to.match(/^metadata {2}could not be had\. .*the prefix is longer than 2048 bytes/m);
  });

  it('shows names that a plugin chose without obeying them', async () => {
    await workplace.file('forges.wasm', lifecycle.metadataForges);
    const { stdout } = await workplace.run(['inspect', 'forges.wasm']);
    expect(stdout).to.match(/^metadata {2}\.\.\/\.\.\/__proto__\\u\{a\}\[error\] forged \\u\{1b\}\[2J$/m);
    expect(stdout).to.not.match(/[^\P{C}\n]/u);
  });

  it('shows every memory with its own limits, and how often it is made', async () => {
    await workplace.file('ten.wasm', memories.tenInstances);
    const { stdout } = await workplace.run(['inspect', 'ten.wasm', '--json']);
    expect(JSON.parse(stdout).memories).to.deep.include({ module: 3, instances: 10, minBytes: 655_360 });
    await workplace.file('huge.wasm', memories.hugeMemory);
    const huge = await workplace.run(['inspect', 'huge.wasm']);
    expect(huge.stdout).to.match(/^memories {2}module 0: 64 MiB at the start, at most 64 MiB$/m);
    expect(huge.stdout).to.match(/^metadata {2}could not be had\. .*\(ERR_MEMORY_LIMIT\)$/m);
  });

  it('refuses what a load refuses, in the same words', async () => {
    const refused = [memories.gcTypes, memories.sharedMemory, memories.memory64, misfits.legacyExceptions];
    for (const [place, guest] of refused.entries()) {
      await workplace.file(`refused-${place}.wasm`, guest);
      const { binding, metadata } = await inspectComponent(workplace.path(`refused-${place}.wasm`), []);
      if (binding.kind !== 'refused' || metadata.state !== 'failed')
        throw new Error(`${binding.kind}, ${metadata.state}`);
      expect(binding.error.message).to.equal(metadata.error.message);
    }
  });
});
