import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Guest } from '../fixtures/core-plugin.ts';
import { expectSchema } from '../support/schemas.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** None, but for those by which the tests use an installed package: see `test/support/installed.ts`. */
const NODE_OPTIONS = process.env.WASM_PLUGIN_POOL_INSTALLED === undefined ? '' : process.env.NODE_OPTIONS;

/** How the command line ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own for each suite, in which the command line runs. */
export class Workplace {
  directory = '';

  /** Registers the hooks that make the folder and remove it. */
  constructor() {
    before(async () => {
      this.directory = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-cli-'));
    });
    after(() => rm(this.directory, { recursive: true }));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a file; a guest is assembled first. Returns its name. */
  async file(name: string, contents: string | Uint8Array | Guest): Promise<string> {
    await writeFile(this.path(name), typeof contents === 'function' ? await contents() : contents);
    return name;
  }

  /** Starts the command line, as a program of its own. */
  start(args: readonly string[], nodeOptions: readonly string[] = []): ChildProcessWithoutNullStreams {
    // Node 22 warns about type stripping, which users of the package do not see.
    return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...nodeOptions, MAIN, ...args], {
      cwd: this.directory,
      env: { ...process.env, XDG_CACHE_HOME: this.path('.cache'), NO_COLOR: '1', NODE_OPTIONS },
    });
  }

  /** Runs it to its end. */
  async run(
    args: readonly string[],
    input: string | Uint8Array = '',
    nodeOptions: readonly string[] = [],
  ): Promise<Ended> {
    const child = this.start(args, nodeOptions);
    // It may end without reading its input.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const end = await ended(child);
    await checkJson(args, end.stdout);
    return end;
  }
}

/** Waits for the end of a process and collects what it says until then. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status, stdout, stderr };
}

/** The lines of a text, without the empty one after the last. */
export function linesOf(output: string): string[] {
  return output === '' ? [] : output.replace(/\n$/, '').split('\n');
}

/** The values of a text that has one as JSON on each line. */
// biome-ignore lint/suspicious/noExplicitAny: what the program printed is looked at field by field
export function jsonl(output: string): any[] {
  return linesOf(output).map((line) => JSON.parse(line));
}

/** Whatever a test looks at: what a command prints with `--json` is what the published schema says. */
async function checkJson(args: readonly string[], stdout: string): Promise<void> {
  // The results of a batch may go to the same place, and `bench` writes into a file.
  const [command, subcommand] = args;
  const isBatch = command === 'batch' || command === 'submit';
  const output = args.includes('--output') ? args[args.indexOf('--output') + 1] : '-';
  if (!args.includes('--json') || stdout === '' || args.includes('bench') || (isBatch && output === '-')) return;
  const name = command === 'submit' ? 'batch' : command === 'cache' ? `cache-${subcommand}` : command;
  await expectSchema(`${name}`, JSON.parse(stdout));
}
