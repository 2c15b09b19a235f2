import { type ChildProcess, spawn } from 'node:child_process';
import { describe, PluginError } from '../errors.ts';
import { nodeCommand } from '../package/node-command.ts';
import { Turns } from './turns.ts';

/**
 * Both compilers of V8, each for all functions and before the module is ready. By the command line: a process whose
 * flags are changed later runs into checks of V8's own. Two functions at once, as memory is what is looked at.
 */
const EAGERLY = ['--no-wasm-lazy-compilation', '--wasm-num-compilation-tasks=2'];
const TIERS = [
  ['Liftoff', ['--liftoff-only']],
  ['TurboFan', ['--no-liftoff']],
] as const;

/** What one compiler may take for all functions of a component. */
interface VettingLimits {
  readonly bytes: number;
  /** CPU time. */
  readonly seconds: number;
}

/** The largest of real programs that passes takes 560 MB, and the slowest 5.3 s. */
const LIMITS: VettingLimits = { bytes: 1024 * 1024 * 1024, seconds: 20 };

/** What Node.js has of data before it begins, most of which it never touches: 520 MB with Node.js 26. */
const NODE_DATA_BYTES = 640 * 1024 * 1024;

/**
 * Bounds of the system's: of data, which counts what is written to and not what is reserved, and of CPU time. The
 * process watches its resident memory as well, for systems whose shell or kernel knows no such bounds.
 */
const bounded = ({ bytes, seconds }: VettingLimits): string =>
  `ulimit -d ${Math.ceil((bytes + NODE_DATA_BYTES) / 1024)}; ulimit -t ${seconds}; exec "$0" "$@"`;

/** A process that takes longer than this is ended where nothing bounds its CPU time; no machine is that busy. */
const WALL_MS = 200_000;

/** One at a time in this process, so that many at once do not take what one may not. */
const turns = new Turns(1, 1);

/** For whom it is done, by turns, and within which limits. */
interface VettingUse {
  readonly group: string;
  readonly signal: AbortSignal;
  /** @default 1 GiB and 20 s */
  readonly limits?: VettingLimits;
}

/**
 * Compiles core modules with all of V8's compilers in processes that may end of it.
 *
 * @throws {PluginError} `ERR_COMPONENT_TOO_COMPLEX` when one does; the reason of the signal when that is aborted.
 */
export async function vet(modules: readonly Uint8Array[], use: VettingUse): Promise<void> {
  const { group, signal, limits = LIMITS } = use;
  const turn = await turns.take(group, signal);
  try {
    for (const [compiler, flags] of TIERS) {
      const args = [...EAGERLY, ...flags, '--input-type=module', '-e', SCRIPT, String(limits.bytes)];
      const end = await run(args, limits, modules, signal);
      signal.throwIfAborted();
      if (end !== 'passed') throw refused(compiler, end, limits);
    }
  } finally {
    turn.release();
  }
}

/**
 * Compiles what comes on standard input, each module with its length before it. As text, because in a file of ours Node.js
 * may have to strip types, with a module of its own that the flags would have compiled eagerly, too. V8 compiles on other
 * threads, so that this one is free to watch the memory. What does not validate is refused where it is compiled for good.
 */
const SCRIPT = `
const most = Number(process.argv[1]);
setInterval(() => process.memoryUsage.rss() > most && process.kill(process.pid, 'SIGKILL'), 10);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const input = Buffer.concat(chunks);
for (let at = 0, length; at < input.length; at += length) {
  length = input.readUInt32LE(at);
  at += 4;
  await WebAssembly.compile(input.subarray(at, at + length)).catch(() => {});
}
process.exit(0);
`;

/** How the process ended: after it compiled all, of what it took, or without having begun. */
type End = 'passed' | 'ended' | { readonly failed: unknown };

function run(
  args: readonly string[],
  limits: VettingLimits,
  modules: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<End> {
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = start(args, limits, signal);
    } catch (error) {
      // Synchronous under Node's permission model.
      resolve({ failed: error });
      return;
    }
    // It would end by itself, but not soon.
    const kill = (): unknown => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('close', () => process.off('exit', kill));
    child.once('error', (error) => resolve(signal.aborted ? 'ended' : { failed: error }));
    child.once('exit', (code) => resolve(code === 0 ? 'passed' : 'ended'));
    // One that has ended no longer reads.
    child.stdin?.on('error', () => {});
    for (const module of modules) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(module.length);
      child.stdin?.write(length);
      child.stdin?.write(module);
    }
    child.stdin?.end();
  });
}

function start(args: readonly string[], limits: VettingLimits, signal: AbortSignal): ChildProcess {
  const node = nodeCommand();
  const [command, begin] = process.platform === 'win32' ? [node, []] : ['/bin/sh', ['-c', bounded(limits), node]];
  return spawn(command, [...begin, ...args], {
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
    killSignal: 'SIGKILL',
    timeout: WALL_MS,
    signal,
  });
}

function refused(compiler: string, end: Exclude<End, 'passed'>, { bytes, seconds }: VettingLimits): PluginError {
  if (typeof end === 'object') {
    return new PluginError(
      'ERR_COMPONENT_TOO_COMPLEX',
      `The component has functions that have to be compiled in a process of their own first, which did not start: ${describe(end.failed)}`,
      { hint: "Allow child processes, or load only what you trust, with `compile: 'trusted'`.", cause: end.failed },
    );
  }
  return new PluginError(
    'ERR_COMPONENT_TOO_COMPLEX',
    `V8's ${compiler} took more than ${bytes} bytes or ${seconds} s of CPU time to compile the component`,
    {
      hint: 'Build it with optimisation, and split what is generated into smaller functions.',
      limit: { name: 'vettingBytes', value: bytes },
    },
  );
}
