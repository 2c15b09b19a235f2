/**
 * One small file, opened, read and closed: by the guest of a plugin, by the WASI host's functions without a guest, and
 * with plain `node:fs`, which checks nothing. Microseconds a file, of five interleaved rounds.
 * `node bench/files.ts [--quick]`
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CallContext } from '../src/host/call-context.ts';
import type { Descriptor } from '../src/host/wasi/filesystem/descriptor.ts';
import { createWasi } from '../src/host/wasi/index.ts';
import { PluginEngine, resolvePolicy } from '../src/index.ts';
import { syscalls } from '../test/hostile/guests/syscalls.ts';
import { median } from './lib/stats.ts';

const ROUNDS = 5;
const READS = process.argv.includes('--quick') ? 500 : 5_000;
const CONTENT = 'a small file';

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'bench-files-')));
const paths = ['file', 'a/b/c/file'];
for (const path of paths) {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  writeFileSync(join(directory, path), CONTENT);
}

const policy = { allowFsRead: [{ directory, mount: '/data' }], maxHostCalls: 1_000_000_000 };
const engine = await PluginEngine.create({ threads: 1 });
await engine.loadPlugin('guest', await syscalls(), { sandbox: policy });

const resolved = resolvePolicy(policy);
const wasi = createWasi({ policy: resolved, context: new CallContext(resolved, () => true) });
const preopens = wasi.imports['wasi:filesystem/preopens'] as { getDirectories(): [Descriptor, string][] };
const [root] = preopens.getDirectories()[0]!;

const buffer = new Uint8Array(1024);
/** Each reads one file so many times. */
const readers = {
  guest: async (path: string) => {
    const { output } = await engine.process('guest', { input: `preopens\nrepeat ${READS} cat 0 ${path}` });
    if (!output.endsWith(`ok ${CONTENT} after ${READS}`)) throw new Error(output);
  },
  host: async (path: string) => {
    for (let read = 0; read < READS; read++) {
      const file = root.openAt({ symlinkFollow: true }, path, {}, { read: true });
      file.read(BigInt(buffer.length), 0n);
      file[Symbol.dispose]();
    }
  },
  node: async (path: string) => {
    for (let read = 0; read < READS; read++) {
      const file = openSync(join(directory, path), 'r');
      readSync(file, buffer, 0, buffer.length, 0);
      closeSync(file);
    }
  },
};
type Reader = keyof typeof readers;

for (const path of paths) {
  const micros: Record<Reader, number[]> = { guest: [], host: [], node: [] };
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, read] of Object.entries(readers) as [Reader, (typeof readers)[Reader]][]) {
      const start = performance.now();
      await read(path);
      if (round >= 0) micros[name].push(((performance.now() - start) * 1000) / READS);
    }
  }
  const [guest, host, node] = [median(micros.guest), median(micros.host), median(micros.node)];
  console.log(
    `${path.padEnd(10)} guest ${guest.toFixed(1)} µs, host ${host.toFixed(1)} µs, node:fs ${node.toFixed(1)} µs;`,
    `the sandbox costs ${(guest - node).toFixed(1)} µs`,
  );
}

wasi.close();
await engine.close();
rmSync(directory, { recursive: true });
