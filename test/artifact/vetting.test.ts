import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ArtifactCompiler, type ArtifactCompilerOptions } from '../../src/artifact/compiler.ts';
import { vet } from '../../src/artifact/vetting.ts';
import { emptyModule, manyBlocks, manyBranches, phiCascade } from '../hostile/guests/compiler-bombs.ts';
import { withModules } from '../hostile/guests/compiler-plugins.ts';
import { rejection } from '../support/outcome.ts';

/** Enough for Node.js and little more. */
const TIGHT = { bytes: 192 * 1024 * 1024, seconds: 20 };
const use = { group: 'test', signal: new AbortController().signal };

describe('vet', () => {
  it('lets through what compiles within its limits', async () => {
    await vet([emptyModule(), manyBlocks(10, 10), phiCascade(20, 20)], use);
  });

  // Nothing runs the functions: they are compiled all the same, by each of the compilers.
  it('refuses what Liftoff takes too much memory for', async () => {
    const error = await rejection(vet([emptyModule(), manyBlocks(20_000, 1_600)], { ...use, limits: TIGHT }));
    expect(error).to.include({ code: 'ERR_COMPONENT_TOO_COMPLEX' });
    expect(error.message).to.include('Liftoff');
    expect(error.limit).to.deep.equal({ name: 'vettingBytes', value: TIGHT.bytes });
  });

  it('refuses what TurboFan takes too much memory for', async () => {
    const error = await rejection(vet([emptyModule(), phiCascade(2_000, 400)], { ...use, limits: TIGHT }));
    expect(error).to.include({ code: 'ERR_COMPONENT_TOO_COMPLEX' });
    expect(error.message).to.include('TurboFan');
  });

  it('refuses what takes too long', async () => {
    const limits = { bytes: 1024 * 1024 * 1024, seconds: 1 };
    const error = await rejection(vet([phiCascade(2_000, 300)], { ...use, limits }));
    expect(error).to.include({ code: 'ERR_COMPONENT_TOO_COMPLEX' });
  });

  it('leaves what does not validate to others', async () => {
    await vet([Uint8Array.of(0, 1, 2, 3), emptyModule()], use);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const vetting = vet([phiCascade(20_000, 1_600)], { ...use, signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await vetting.catch((error: unknown) => error)).to.equal(reason);
  });
});

describe('ArtifactCompiler, of what has odd functions', () => {
  const options = { maxMemoryBytes: 32 * 1024 * 1024 };
  /** Within all bounds, and beyond the compilers' limits. */
  const cascade = withModules(() => [phiCascade(20_000, 1_600)]);
  const compilers: ArtifactCompiler[] = [];
  const open = (more: ArtifactCompilerOptions = {}): ArtifactCompiler => {
    const compiler = new ArtifactCompiler({ cacheDirectory: false, ...more });
    compilers.push(compiler);
    return compiler;
  };

  after(() => Promise.all(compilers.map((compiler) => compiler.close())));

  it('loads what its compilers get done with', async () => {
    const { modules } = await open().load(await withModules(() => [manyBlocks(5_000, 100)])(), options);
    expect(modules.size).to.be.above(1);
  });

  it('refuses what they do not, each time', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-'));
    const compiler = open({ cacheDirectory: directory });
    for (let time = 0; time < 2; time++) {
      const error = await rejection(compiler.load(await cascade(), options));
      expect(error).to.include({ code: 'ERR_COMPONENT_TOO_COMPLEX' });
    }
    expect(await readdir(directory)).to.deep.equal([]);
    await rm(directory, { recursive: true });
  });

  it('compiles what is trusted without trying, and within its bounds', async () => {
    await open({ compile: 'trusted' }).load(await cascade(), options);
    const beyond = withModules(() => [manyBranches(49_000, 10_000)]);
    const error = await rejection(open({ compile: 'trusted' }).load(await beyond(), options));
    expect([error.code, error.limit?.name]).to.deep.equal(['ERR_COMPONENT_TOO_COMPLEX', 'functionBranchSlots']);
    await open({ compile: 'unbounded' }).load(await beyond(), options);
  });

  it('ends the process when it is closed', async () => {
    const compiler = open();
    const refused = rejection(compiler.load(await cascade(), options));
    await compiler.close();
    expect(await refused).to.include({ code: 'ERR_ENGINE_CLOSED' });
  });
});
