import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { Artifact } from '../../src/artifact/artifact.ts';
import { ArtifactCompiler, type ArtifactCompilerOptions } from '../../src/artifact/compiler.ts';
import { rejection, thrown } from '../support/outcome.ts';
import { fullPlugin } from '../workers/guest.ts';
import { panickingPlugin, smallPlugin } from './components.ts';

/** As JSON has it: without what is undefined, and typed arrays as what they hold. */
function plain(artifact: Artifact): unknown {
  return JSON.parse(JSON.stringify({ ...artifact, modules: artifact.modules.map((m) => [m.name, ...m.bytes]) }));
}

const options = { maxMemoryBytes: 32 * 1024 * 1024 };

describe('ArtifactCompiler', () => {
  let directory: string;
  let bytes: Uint8Array;
  const open: ArtifactCompiler[] = [];
  before(async () => {
    bytes = await smallPlugin();
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((compiler) => compiler.close()));
    await rm(directory, { recursive: true });
  });

  function compiler(settings: ArtifactCompilerOptions = {}): ArtifactCompiler {
    const made = new ArtifactCompiler({ cacheDirectory: join(directory, 'cache'), ...settings });
    open.push(made);
    return made;
  }

  /** A compiler that can take artifacts from the cache only: whatever it compiles takes too long. */
  function cacheOnly(): ArtifactCompiler {
    return compiler({ compileTimeoutMs: 1 });
  }

  it('makes the same artifact of a path, a URL and bytes', async () => {
    const path = join(directory, 'plugin.wasm');
    await writeFile(path, bytes);
    const one = compiler({ cacheDirectory: false });
    const artifacts = [];
    for (const source of [path, pathToFileURL(path), bytes]) artifacts.push(await one.compile(source, options));
    const [first] = artifacts;
    expect(first?.sha256).to.equal(createHash('sha256').update(bytes).digest('hex'));
    expect(first?.contract.world).to.equal('plugin-v1');
    for (const artifact of artifacts) expect(artifact).to.deep.equal(first);
  });

  it('passes on why a component is refused', async () => {
    const error = await rejection(compiler().compile(new TextEncoder().encode('(module)'), options));
    expect(error.code).to.equal('ERR_NOT_A_COMPONENT');
    expect(error.hint).to.match(/wasm-tools parse/);
    expect((await rejection(compiler().compile(join(directory, 'none.wasm'), options))).code).to.equal(
      'ERR_INVALID_ARGUMENT',
    );
  });

  it('checks its options', () => {
    for (const settings of [{ cacheDirectory: '' }, { cacheDirectory: true }, { compileTimeoutMs: 0 }]) {
      expect(thrown(() => new ArtifactCompiler(settings as object)).code).to.equal('ERR_INVALID_ARGUMENT');
    }
  });

  it('compiles what is asked for twice at once only once', async () => {
    const one = compiler({ cacheDirectory: false });
    const [first, second] = await Promise.all([one.compile(bytes, options), one.compile(bytes, options)]);
    expect(second).to.equal(first);
  });

  it('makes another artifact for another limit of memory', async () => {
    const one = compiler({ cacheDirectory: false });
    const small = await one.compile(bytes, { maxMemoryBytes: 1024 * 1024 });
    const large = await one.compile(bytes, options);
    expect(small.sha256).to.equal(large.sha256);
    expect(small.key).not.to.equal(large.key);
  });

  describe('components in memory', () => {
    it('are compiled once, however often they are loaded', async () => {
      const one = compiler({ cacheDirectory: false });
      const [first, second] = await Promise.all([one.load(bytes, options), one.load(bytes, options)]);
      expect(second).to.equal(first);
      expect(await one.load(bytes, options)).to.equal(first);
      expect([...first.modules.keys()]).to.deep.equal(first.artifact.modules.map(({ name }) => name));
      const other = await one.load(bytes, { maxMemoryBytes: 1024 * 1024 });
      expect(other.artifact.key).not.to.equal(first.artifact.key);
    });

    it('are compiled anew where none are kept', async () => {
      const one = compiler({ componentCacheBytes: 0 });
      const first = await one.load(bytes, options);
      const second = await one.load(bytes, options);
      expect(second).not.to.equal(first);
      expect(plain(second.artifact)).to.deep.equal(plain(first.artifact));
    });

    it('do not remember a failure', async () => {
      const impatient = compiler({ cacheDirectory: false, compileTimeoutMs: 1 });
      for (let round = 0; round < 2; round++)
        expect((await rejection(impatient.load(bytes, options))).code).to.equal('ERR_COMPILE_TIMEOUT');
    });
  });

  describe('the compile thread', () => {
    it('is replaced when the tools panic', async () => {
      const one = compiler({ cacheDirectory: false });
      const panicking = await panickingPlugin();
      for (let round = 0; round < 2; round++) {
        const error = await rejection(one.compile(panicking, options));
        expect(error.code).to.equal('ERR_INVALID_COMPONENT');
        expect(error.message).to.match(/^The component cannot be compiled: the tools failed: assertion failed: /);
        expect((await one.compile(bytes, options)).contract.world).to.equal('plugin-v1');
      }
    });

    it('is replaced when it runs over its time', async () => {
      const error = await rejection(compiler({ cacheDirectory: false, compileTimeoutMs: 1 }).compile(bytes, options));
      expect(error.code).to.equal('ERR_COMPILE_TIMEOUT');
      expect(error.limit).to.deep.equal({ name: 'compileTimeoutMs', value: 1 });
      expect(error.message).to.equal('Compiling the component took more than 1 ms of CPU time');
      expect(error.hint).to.match(/compileTimeoutMs/);
    });

    it('is free again when those who wait for a component have given it up', async () => {
      const one = compiler({ cacheDirectory: false });
      const [first, second] = [new AbortController(), new AbortController()];
      const given = new Error('no longer wanted');
      const ends = [first, second].map(({ signal }) =>
        one.compile(bytes, options, { group: 'a', signal }).catch((error: unknown) => error),
      );
      const kept = one.compile(await fullPlugin(), options, { group: 'b' });
      first.abort(given);
      expect(await ends[0]).to.equal(given);
      // The other one still waits, and nobody who comes later is given what is ended.
      second.abort(given);
      const again = one.compile(bytes, options, { group: 'a' });
      expect(await ends[1]).to.equal(given);
      expect((await again).contract.world).to.equal((await one.compile(bytes, options)).contract.world);
      await kept;
    });

    it('ends with the compiler: what is in progress or waiting rejects with ERR_ENGINE_CLOSED', async () => {
      const one = compiler({ cacheDirectory: false });
      await one.compile(bytes, options);
      const others = await Promise.all([fullPlugin(), panickingPlugin()]);
      const waiting = others.map((other) => rejection(one.compile(other, options)));
      await one.close();
      for (const error of await Promise.all(waiting)) expect(error.code).to.equal('ERR_ENGINE_CLOSED');
      expect((await rejection(one.compile(bytes, options))).code).to.equal('ERR_ENGINE_CLOSED');
      await one.close();
    });
  });

  describe('the disk cache', () => {
    /** Fills the cache and returns the path of the one entry. */
    async function filled(): Promise<string> {
      const one = compiler();
      await one.compile(bytes, options);
      await one.close();
      const [entry, ...others] = await readdir(join(directory, 'cache'));
      expect(others).to.deep.equal([]);
      return join(directory, 'cache', entry!);
    }

    async function isUsed(): Promise<boolean> {
      return cacheOnly()
        .compile(bytes, options)
        .then(
          () => true,
          () => false,
        );
    }

    it('gives back what was compiled', async () => {
      const compiled = await compiler({ cacheDirectory: false }).compile(bytes, options);
      await filled();
      const cached = await cacheOnly().compile(bytes, options);
      expect(plain(cached)).to.deep.equal(plain(compiled));
    });

    it('is readable by its owner alone', async () => {
      const entry = await filled();
      expect((await stat(entry)).mode & 0o777).to.equal(0o600);
      expect((await stat(join(directory, 'cache'))).mode & 0o777).to.equal(0o700);
    });

    it('keeps no temporary files', async () => {
      await filled();
      expect(await readdir(join(directory, 'cache'))).to.have.length(1);
    });

    for (const [what, damage] of [
      ['truncated', (file: Buffer) => file.subarray(0, file.length / 2)],
      ['emptied', () => Buffer.alloc(0)],
      ['replaced by text', () => Buffer.from('not an artifact')],
      ['changed in its header', (file: Buffer) => file.fill(0, 60, 61)],
      [
        'changed in its plan',
        (file: Buffer) => Buffer.from(file.toString('latin1').replace('initializers', 'initializerz'), 'latin1'),
      ],
      ['changed in its last byte', (file: Buffer) => file.fill(1, file.length - 1)],
    ] as const) {
      it(`rebuilds an entry that was ${what}`, async () => {
        const entry = await filled();
        const whole = await readFile(entry);
        await writeFile(entry, damage(Buffer.from(whole)));
        expect(await isUsed()).to.equal(false);
        expect(await filled()).to.equal(entry);
        expect((await readFile(entry)).equals(whole)).to.equal(true);
        expect(await isUsed()).to.equal(true);
      });
    }

    it('does not take the entry of another artifact', async () => {
      const entry = await filled();
      await rename(entry, join(directory, 'mine'));
      const one = compiler();
      await one.compile(bytes, { maxMemoryBytes: 1024 * 1024 });
      await one.close();
      const [other] = await readdir(join(directory, 'cache'));
      await copyFile(join(directory, 'cache', other!), entry);
      expect(await isUsed()).to.equal(false);
    });

    it('does not take an entry that others can write, or a symbolic link', async () => {
      const entry = await filled();
      await chmod(entry, 0o620);
      expect(await isUsed()).to.equal(false);
      await chmod(entry, 0o600);
      expect(await isUsed()).to.equal(true);
      await rename(entry, join(directory, 'elsewhere'));
      await symlink(join(directory, 'elsewhere'), entry);
      expect(await isUsed()).to.equal(false);
    });

    it('is not used, with a warning, when others can write to its directory', async () => {
      const entry = await filled();
      await chmod(join(directory, 'cache'), 0o777);
      const one = compiler();
      const warned = once(process, 'warning');
      await one.compile(bytes, options);
      const [warning] = await warned;
      expect(warning).to.include({ code: 'WASM_PLUGIN_POOL_CACHE' });
      expect(warning.message).to.include(join(directory, 'cache'));
      await rm(entry);
      await one.compile(bytes, options);
      await one.close();
      expect(await readdir(join(directory, 'cache'))).to.deep.equal([]);
    });

    it('fails no load when its directory cannot be made or is a file', async () => {
      await writeFile(join(directory, 'file'), '');
      for (const cacheDirectory of [join(directory, 'file'), join(directory, 'file', 'below')]) {
        const { contract } = await compiler({ cacheDirectory }).compile(bytes, options);
        expect(contract.world).to.equal('plugin-v1');
      }
    });

    it('fails no load when an entry cannot be written', async () => {
      const entry = await filled();
      await rm(entry);
      await mkdir(entry);
      const { contract } = await compiler().compile(bytes, options);
      expect(contract.world).to.equal('plugin-v1');
    });

    it("is in the user's cache directory by default", async () => {
      if (process.platform !== 'linux') return;
      const before = process.env.XDG_CACHE_HOME;
      process.env.XDG_CACHE_HOME = directory;
      try {
        const one = new ArtifactCompiler();
        await one.compile(bytes, options);
        await one.close();
      } finally {
        if (before === undefined) delete process.env.XDG_CACHE_HOME;
        else process.env.XDG_CACHE_HOME = before;
      }
      expect(await readdir(join(directory, 'wasm-plugin-pool'))).to.have.length(1);
    });
  });
});
