/**
 * Goes from `new` to a running plugin in each language whose tools are on this machine, with the commands that the
 * readmes of the templates give, and prints how long each took: `node scripts/try-templates.ts [LANGUAGE…]`. Languages
 * whose tools npm installs are tried by the tests.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { examineToolchain } from '../src/cli/doctor/toolchains.ts';

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

/** What the readmes say, one line after the other. */
const STEPS = {
  rust: 'cargo test && sh build.sh',
  go: 'go test ./slug && sh build.sh',
  c: 'CC=cc sh test.sh && sh build.sh',
  python: 'python3 -m unittest && sh build.sh',
} as const;

const root = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-templates-'));
try {
  const bin = join(root, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'npx'), `#!/bin/sh\nshift\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  const wanted = process.argv.slice(2);
  for (const language of Object.keys(STEPS) as (keyof typeof STEPS)[]) {
    if (wanted.length > 0 && !wanted.includes(language)) continue;
    const { ready, tools } = await examineToolchain(language);
    if (ready) await attempt(language, bin);
    else
      console.log(
        `${language.padEnd(8)} lacks ${tools.flatMap((tool) => (tool.problem ? [tool.name] : [])).join(', ')}`,
      );
  }
} finally {
  await rm(root, { recursive: true });
}

async function attempt(language: keyof typeof STEPS, bin: string): Promise<void> {
  const started = performance.now();
  const name = `${language}-plugin`;
  const script = `set -e; npx wasm-plugin-pool new ${name} --language ${language} && cd ${name} && ${STEPS[language]}
    npx wasm-plugin-pool run build/${name}.wasm --input 'Hello, World!'`;
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { cwd: root, env });
    if (!stdout.endsWith('hello-world\n')) throw new Error(`it printed ${stdout}`);
    console.log(
      `${language.padEnd(8)} works: ${((performance.now() - started) / 1000).toFixed(1)} s from new to a plugin that ran`,
    );
  } catch (error) {
    console.error(`${language.padEnd(8)} failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
