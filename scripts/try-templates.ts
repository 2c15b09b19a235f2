/**
 * Goes from `new` to a running plugin in each language whose tools are on this machine, with the commands that the
 * readmes of the templates give, and prints how long each took: `node scripts/try-templates.ts [LANGUAGE…]`. Languages
 * whose tools npm installs get them from the registry, with this package as it would be published.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { examineToolchain } from '../src/cli/doctor/toolchains.ts';

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

/** What the readmes say, one line after the other. `PACKAGE` is this package, which the registry may not have yet. */
const STEPS = {
  javascript: 'npm install "$PACKAGE" && npm test',
  typescript: 'npm install "$PACKAGE" && npm test',
  assemblyscript: 'npm install "$PACKAGE" && npm test',
  rust: 'cargo test && sh build.sh',
  go: 'go test ./slug && sh build.sh',
  c: 'CC=cc sh test.sh && sh build.sh',
  python: 'python3 -m unittest && sh build.sh',
} as const;

let archive: string | undefined;
const root = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-templates-'));
try {
  const bin = join(root, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'npx'), `#!/bin/sh\nshift\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  const wanted = process.argv.slice(2);
  for (const language of Object.keys(STEPS) as (keyof typeof STEPS)[]) {
    if (wanted.length > 0 && !wanted.includes(language)) continue;
    const label = language.padEnd('assemblyscript'.length);
    if (isOfNpm(language)) {
      archive ??= await pack();
      await attempt(language, label, { PACKAGE: archive });
      continue;
    }
    const { ready, tools } = await examineToolchain(language);
    if (ready) await attempt(language, label, { PATH: `${bin}${delimiter}${process.env.PATH}` });
    else console.log(`${label} lacks ${tools.flatMap((tool) => (tool.problem ? [tool.name] : [])).join(', ')}`);
  }
} finally {
  await rm(root, { recursive: true });
}

function isOfNpm(language: string): boolean {
  return language === 'javascript' || language === 'typescript' || language === 'assemblyscript';
}

/** The path of the package as npm would publish it. */
async function pack(): Promise<string> {
  const args = ['pack', '--pack-destination', root];
  await promisify(execFile)('npm', args, { cwd: new URL('..', import.meta.url) });
  const [name] = (await readdir(root)).filter((file) => file.endsWith('.tgz'));
  return join(root, name!);
}

async function attempt(
  language: keyof typeof STEPS,
  label: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const started = performance.now();
  const name = `${language}-plugin`;
  const script = `set -e; '${process.execPath}' '${MAIN}' new ${name} --language ${language} && cd ${name} && ${STEPS[language]}
    npx wasm-plugin-pool run build/${name}.wasm --input 'Hello, World!'`;
  const env = { ...process.env, ...environment };
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', script], { cwd: root, env });
    if (!stdout.endsWith('hello-world\n')) throw new Error(`it printed ${stdout}`);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${label} works: ${seconds} s from new to a plugin that ran`);
  } catch (error) {
    const { message, stdout } = error as Error & { stdout?: string };
    console.error(`${label} failed: ${message}${stdout ?? ''}`);
    process.exitCode = 1;
  }
}
