import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What it takes from the start of a process to its end, beside a Node that does nothing: to import the built package, and to
 * have one answer of a plugin that is in the cache, by a program and by the command line. `npm run build` first.
 */
const DIST = new URL('../dist/src/', import.meta.url);
const REDACT = fileURLToPath(new URL('../examples/plugins/redact/redact.wasm', import.meta.url));
const RUNS = 21;

const folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-bench-'));
const program = (name: string, text: string): readonly string[] => {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, text);
  return [path];
};
const library = new URL('index.js', DIST).href;
const candidates: Readonly<Record<string, readonly string[]>> = {
  'bare Node': program('bare', ''),
  'import of the library': program('import', `import '${library}';`),
  'one answer of a program': program(
    'answer',
    `import { PluginEngine } from '${library}';
    const engine = await PluginEngine.create({ threads: 1 });
    await engine.loadPlugin('redact', ${JSON.stringify(REDACT)});
    await engine.process('redact', { input: 'mail ada@example.org' });
    await engine.close();`,
  ),
  'one answer of the command line': [fileURLToPath(new URL('cli/main.js', DIST)), 'run', REDACT, '--input', 'x'],
};

/** Milliseconds of wall time. */
function time(args: readonly string[]): number {
  const env = { ...process.env, XDG_CACHE_HOME: folder };
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - began;
}

const times = new Map(Object.keys(candidates).map((name): [string, number[]] => [name, []]));
// The first of each fills the caches. By turns, so that what else the machine does meets all alike.
for (const args of Object.values(candidates)) time(args);
for (let run = 0; run < RUNS; run++) {
  for (const [name, args] of Object.entries(candidates)) times.get(name)!.push(time(args));
}
rmSync(folder, { recursive: true });

const median = (values: readonly number[]): number => values.toSorted((one, other) => one - other)[values.length >> 1]!;
const bare = median(times.get('bare Node')!);
for (const [name, values] of times) {
  const ms = median(values);
  console.log(
    `${name}: ${ms.toFixed(0)} ms, ${(ms - bare).toFixed(0)} ms over bare Node, ${(ms / bare).toFixed(1)}x of it`,
  );
}
