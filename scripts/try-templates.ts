/**
 * Goes from `new` to a running plugin in each language whose tools are on this machine, with the commands that the
 * readmes of the templates give, and prints how long each took: `node scripts/try-templates.ts [LANGUAGE…]`. Languages
 * whose tools npm installs get them from the registry, with this package as it would be published.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { examineToolchain } from '../src/cli/doctor/toolchains.ts';

/** What the readmes say, one line after the other. */
const STEPS = {
  javascript: 'npm install && npm test',
  typescript: 'npm install && npm test',
  assemblyscript: 'npm install && npm test',
  rust: 'cargo test && ./build.sh',
  go: 'go test ./slug && ./build.sh',
  c: 'CC=cc ./test.sh && ./build.sh',
  python: 'python3 -m unittest && ./build.sh',
} as const;

const root = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-templates-'));
try {
  await install();
  const wanted = process.argv.slice(2);
  for (const language of Object.keys(STEPS) as (keyof typeof STEPS)[]) {
    if (wanted.length > 0 && !wanted.includes(language)) continue;
    const label = language.padEnd('assemblyscript'.length);
    const { ready, tools } = await examineToolchain(language);
    // What npm installs is the project's own business.
    if (ready || STEPS[language].startsWith('npm')) await attempt(language, label);
    else console.log(`${label} lacks ${tools.flatMap((tool) => (tool.problem ? [tool.name] : [])).join(', ')}`);
  }
} finally {
  await rm(root, { recursive: true });
}

/** This package as npm would publish it, in the folder in which the projects begin. */
async function install(): Promise<void> {
  const args = ['pack', '--pack-destination', root];
  await promisify(execFile)('npm', args, { cwd: new URL('..', import.meta.url) });
  const [name] = (await readdir(root)).filter((file) => file.endsWith('.tgz'));
  await writeFile(join(root, 'package.json'), '{"private":true}');
  await promisify(execFile)('npm', ['install', `./${name}`], { cwd: root });
}

async function attempt(language: keyof typeof STEPS, label: string): Promise<void> {
  const started = performance.now();
  const name = `${language}-plugin`;
  const script = `set -e; npx wasm-plugin-pool new ${name} --language ${language} && cd ${name} && ${STEPS[language]}
    npx wasm-plugin-pool run build/${name}.wasm --input 'Hello, World!'`;
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { cwd: root });
    if (!stdout.endsWith('hello-world\n')) throw new Error(`it printed ${stdout}`);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${label} works: ${seconds} s from new to a plugin that ran`);
  } catch (error) {
    const { message, stdout } = error as Error & { stdout?: string };
    console.error(`${label} failed: ${message}${stdout ?? ''}`);
    process.exitCode = 1;
  }
}
