/**
 * Builds the example plugins that npm's packages alone can build: `node scripts/build-guests.ts [--all | --verify]`.
 *
 * `--all` also rebuilds `redact`, which is committed because it needs clang 22 and lld 22. `--verify` rebuilds `redact`
 * elsewhere and compares the bytes with those that are committed.
 */
import { execFile } from 'node:child_process';
import { glob, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { hashFiles, installedVersion, sha256 } from '../examples/plugins/fingerprint.ts';

const PLUGINS = new URL('../examples/plugins/', import.meta.url);

/** A guest that is built on demand into `examples/plugins/NAME/build/NAME.wasm`. */
interface Guest {
  readonly name: string;
  /** Packages whose version takes part in the output. */
  readonly tools: readonly string[];
  /** Loaded only when there is something to build, since the tools take a while to load. */
  readonly load: () => Promise<{ build(): Promise<Uint8Array> }>;
}

const GUESTS: readonly Guest[] = [
  {
    name: 'csv-to-json',
    tools: ['componentize-qjs'],
    load: () => import('../examples/plugins/csv-to-json/build.ts'),
  },
  {
    name: 'links',
    tools: ['componentize-qjs'],
    load: () => import('../examples/plugins/links/build.ts'),
  },
  {
    name: 'word-count',
    tools: ['assemblyscript', '@bytecodealliance/jco-transpile'],
    load: () => import('../examples/plugins/word-count/build.ts'),
  },
];

/** What turns sources into components, by paths from the plugins. */
const BUILDERS = [
  '../../src/cli/build/assemblyscript.ts',
  '../../src/cli/build/javascript.ts',
  '../../src/componentize/componentize.ts',
  '../../src/guest/define-plugin.ts',
];

const { values: options } = parseArgs({ options: { all: { type: 'boolean' }, verify: { type: 'boolean' } } });
const jobs = GUESTS.map((guest) => report(guest.name, () => buildGuest(guest)));
if (options.all) jobs.push(report('redact', buildRedact));
if (options.verify) jobs.push(report('redact', verifyRedact));
await Promise.all(jobs);

/** Runs one job and prints one line about it; a failure makes the exit status 1. */
async function report(name: string, job: () => Promise<string>): Promise<void> {
  const started = performance.now();
  try {
    const outcome = await job();
    console.log(`${name.padEnd(12)} ${outcome} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    console.error(`${name.padEnd(12)} failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

async function buildGuest({ name, tools, load }: Guest): Promise<string> {
  const output = new URL(`${name}/build/${name}.wasm`, PLUGINS);
  const stamp = new URL(`${name}/build/inputs.sha256`, PLUGINS);
  const inputs = await hashInputs(name, tools);
  const previous = await readFile(output).catch(() => undefined);
  if (previous !== undefined) {
    // The output's own hash too: a file that was changed by hand is built again.
    const built = await readFile(stamp, 'utf8').catch(() => '');
    if (built === `${inputs} ${sha256(previous)}\n`) return 'is up to date';
  }
  const component = await (await load()).build();
  await mkdir(new URL('.', output), { recursive: true });
  await replaceFile(output, component);
  await replaceFile(stamp, `${inputs} ${sha256(component)}\n`);
  return `built: ${kilobytes(component)}`;
}

/** One hash over everything that decides what a guest becomes. */
async function hashInputs(name: string, tools: readonly string[]): Promise<string> {
  const sources: string[] = [];
  const exclude = (path: string): boolean => path.endsWith('build');
  for await (const path of glob(`${name}/**/*.{js,ts}`, { cwd: PLUGINS, exclude })) sources.push(path);
  const files = await hashFiles(PLUGINS, [...sources, ...BUILDERS, 'componentize.ts', '../../wit/plugin-system.wit']);
  const versions = await Promise.all(tools.map(async (tool) => `${tool}@${await installedVersion(tool)}`));
  return sha256(JSON.stringify([files, versions]));
}

/** Writes beside the file and renames, so that nobody reads half of it. */
async function replaceFile(file: URL, contents: Uint8Array | string): Promise<void> {
  const temporary = new URL(`${file.href}.${process.pid}`);
  await writeFile(temporary, contents);
  await rename(temporary, file);
}

async function buildRedact(): Promise<string> {
  await runBuildScript();
  return `built: ${kilobytes(await readFile(new URL('redact/redact.wasm', PLUGINS)))}`;
}

async function verifyRedact(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'redact-'));
  try {
    const rebuilt = join(directory, 'redact.wasm');
    await runBuildScript(rebuilt);
    const committed = await readFile(new URL('redact/redact.wasm', PLUGINS));
    if (!committed.equals(await readFile(rebuilt))) {
      const { tools } = JSON.parse(await readFile(new URL('redact/guest.lock.json', PLUGINS), 'utf8'));
      throw new Error(
        `redact.wasm is not what its sources give. It was built with ${JSON.stringify(tools)}; \`--all\` builds it again`,
      );
    }
    return `is what its sources give: ${kilobytes(committed)}`;
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function runBuildScript(...output: string[]): Promise<void> {
  const script = fileURLToPath(new URL('redact/build.sh', PLUGINS));
  const environment = { NODE: process.execPath, ...process.env };
  try {
    await promisify(execFile)('sh', [script, ...output], { env: environment });
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new Error(`build.sh needs clang 22 and lld 22: ${stderr?.trim() || message}`, { cause: error });
  }
}

function kilobytes(bytes: Uint8Array): string {
  return `${(bytes.length / 1000).toFixed(1)} kB`;
}
