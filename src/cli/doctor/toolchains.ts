import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { findPackage } from '../build/project.ts';
import type { Language } from '../languages.ts';

/** A tool that was looked for. */
interface ToolReport {
  readonly name: string;
  /** Its version or place. */
  readonly found?: string;
  /** What is wrong: not there, or too old. */
  readonly problem?: string;
  /** The command that installs it. */
  readonly install: string;
}

/** The tools of a language. */
export interface ToolchainReport {
  readonly language: Language;
  /** Whether plugins in it can be built here. */
  readonly ready: boolean;
  readonly tools: readonly ToolReport[];
}

interface Tool {
  readonly name: string;
  /** Says what was found, or undefined when it is not there. */
  readonly find: () => Promise<string | undefined>;
  /** The oldest version that will do. */
  readonly atLeast?: readonly [major: number, minor: number];
  readonly install: string | Readonly<Record<'darwin' | 'win32' | 'other', string>>;
  /** Where it is not found: what is there instead, and the command that makes it do. */
  readonly instead?: () => Promise<{ readonly problem: string; readonly install: string } | undefined>;
}

/** Nobody waits longer for a version. */
const PATIENCE_MS = 20_000;

const RUSTUP = {
  darwin: "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
  win32: 'winget install Rustlang.Rustup',
  other: "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
};
const CLANG = {
  darwin: 'brew install llvm lld',
  win32: 'winget install LLVM.LLVM',
  other: 'sudo apt-get install clang lld',
};

const QJS: Tool = npmPackage('componentize-qjs', [0, 4]);

const TOOLCHAINS: Readonly<Record<Language, readonly Tool[]>> = {
  rust: [
    { name: 'cargo', find: () => output('cargo', '--version'), atLeast: [1, 85], install: RUSTUP },
    { name: 'target wasm32-wasip2', find: wasmTarget, install: 'rustup target add wasm32-wasip2' },
  ],
  go: [
    {
      name: 'go',
      find: () => output('go', 'version'),
      atLeast: [1, 24],
      install: {
        darwin: 'brew install go',
        win32: 'winget install GoLang.Go',
        other: 'sudo snap install go --classic',
      },
    },
  ],
  c: [
    {
      name: 'clang',
      find: () => output(clang(), '--version'),
      atLeast: [15, 0],
      install: CLANG,
      instead: clangByNumber,
    },
    { name: 'wasm-ld', find: wasmLinker, install: CLANG, instead: clangByNumber },
  ],
  javascript: [QJS],
  typescript: [QJS, npmPackage('typescript', [5, 8])],
  assemblyscript: [npmPackage('assemblyscript', [0, 28])],
  python: [
    {
      name: 'python3',
      find: () => output('python3', '--version'),
      atLeast: [3, 10],
      install: {
        darwin: 'brew install python',
        win32: 'winget install Python.Python.3.13',
        other: 'sudo apt-get install python3 python3-venv',
      },
    },
    {
      name: 'componentize-py',
      find: () => output('componentize-py', '--version'),
      atLeast: [0, 25],
      install: 'pip install componentize-py',
    },
  ],
};

/** Looks for the tools of a language: on the PATH, or for npm's packages from the working directory. */
export async function examineToolchain(language: Language): Promise<ToolchainReport> {
  const tools = await Promise.all(TOOLCHAINS[language].map(examine));
  return { language, ready: tools.every(({ problem }) => problem === undefined), tools };
}

async function examine({ name, find, atLeast, install, instead }: Tool): Promise<ToolReport> {
  const platform = process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'other';
  const command = typeof install === 'string' ? install : install[platform];
  const found = await find();
  if (found === undefined) return { name, ...((await instead?.()) ?? { problem: 'not found', install: command }) };
  if (atLeast !== undefined && isOlder(found, atLeast)) {
    return { name, found, problem: `${found} is too old, it takes ${atLeast.join('.')}`, install: command };
  }
  return { name, found, install: command };
}

/** Whether the first version in a text is older. One that cannot be made out may do. */
function isOlder(text: string, [major, minor]: readonly [number, number]): boolean {
  const version = /(\d+)\.(\d+)/.exec(text);
  if (version === null) return false;
  return Number(version[1]) < major || (Number(version[1]) === major && Number(version[2]) < minor);
}

/** The first line that a command prints; undefined when it cannot be run, or fails. */
function output(file: string, ...args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: PATIENCE_MS }, (error, stdout) => {
      resolve(error === null ? (stdout.trim().split('\n')[0] ?? '') : undefined);
    });
  });
}

/** The compiler that `build.sh` takes. */
function clang(): string {
  return process.env.CC || 'clang';
}

/** The versions of clang under whose number distributions install it, newest first. */
const NUMBERED_CLANGS = Array.from({ length: 16 }, (_, index) => `clang-${30 - index}`);

/** Debian and its like have clang as `clang-19`, unless the package without a number is installed too. */
async function clangByNumber(): Promise<{ problem: string; install: string } | undefined> {
  if (process.env.CC) return undefined;
  const path = process.env.PATH?.split(delimiter) ?? [];
  for (const name of NUMBERED_CLANGS) {
    const places = await Promise.allSettled(path.map((folder) => access(join(folder, name), constants.X_OK)));
    if (!places.some(({ status }) => status === 'fulfilled')) continue;
    if (isNoPath(await output(name, '-print-prog-name=wasm-ld'))) continue;
    return { problem: `not found, but \`${name}\` has it`, install: `export CC=${name}` };
  }
  return undefined;
}

async function wasmLinker(): Promise<string | undefined> {
  const path = await output(clang(), '-print-prog-name=wasm-ld');
  return isNoPath(path) ? output('wasm-ld', '--version') : path;
}

/** The bare name means that clang has found none. */
function isNoPath(path: string | undefined): path is undefined | 'wasm-ld' {
  return path === undefined || path === 'wasm-ld';
}

/** The targets that `build.sh` takes, the best first: it alone makes components, of the others `componentize` does. */
const RUST_TARGETS = ['wasm32-wasip2', 'wasm32-wasip1', 'wasm32-unknown-unknown'] as const;

async function wasmTarget(): Promise<string | undefined> {
  for (const target of RUST_TARGETS) {
    const folder = await output('rustc', '--print', 'target-libdir', '--target', target);
    if (
      folder === undefined ||
      !(await access(folder).then(
        () => true,
        () => false,
      ))
    )
      continue;
    return target === 'wasm32-wasip2' ? folder : `${target} in its place, with \`componentize\``;
  }
  return undefined;
}

function npmPackage(name: string, atLeast: readonly [major: number, minor: number]): Tool {
  return {
    name,
    atLeast,
    find: async () => {
      try {
        const manifest = await readFile(join(findPackage(name, process.cwd()), 'package.json'), 'utf8');
        return (JSON.parse(manifest) as { version: string }).version;
      } catch {
        return undefined;
      }
    },
    install: `npm install --save-dev ${name}@latest`,
  };
}
