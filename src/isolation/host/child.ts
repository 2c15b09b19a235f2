import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { nodeCommand } from '../../package/node-command.ts';
import { codeFile } from '../../package/root.ts';
import { cleanLogLine } from '../../text/log-line.ts';
import { CHANNEL_FD, NOTICES_FD } from '../wire/messages.ts';
import { permissionFlags, type Rights } from './rights.ts';

/** What a child is started with. */
export interface ChildOptions {
  readonly rights: Rights;
  readonly cacheDirectory: string | undefined;
  readonly maxMemoryBytes: number;
  /** Threads that run plugins there at the most. */
  readonly maxThreads: number;
}

/** Why a child was ended by this process; `itself` where it was not. */
export type EndedBy = 'itself' | 'close' | 'memory' | 'silence' | 'protocol' | 'start';

/** How a child ended. */
export interface ChildEnd {
  readonly by: EndedBy;
  readonly status: string;
  /** The last of what it wrote to stderr: what V8 says when it gives up. One line. */
  readonly lastWords: string;
}

const SHELL = '/bin/sh';
const MEMORY_LOOK_MS = 50;
const MiB = 1024 * 1024;
const LEAST_HEAP_BYTES = 128 * MiB;
const MOST_HEAP_BYTES = 4096 * MiB;
/** What is mapped to be written to, beside what is: stacks of threads, heaps that have shrunk, memories that nobody touched. */
const DATA_FACTOR = 1.5;
/** Of which V8 has 512 MiB for machine code, from the start. */
const THREAD_DATA_BYTES = 560 * MiB;
/** The main thread, those that compile, and the one that waits for the network. */
const OTHER_THREADS = 6;
const PAGE_BYTES = 4096;
const LAST_WORDS = 2000;
/** Milliseconds that a child has to end by itself, and then after SIGTERM. */
const END_MS = 3000;
const TERM_MS = 500;
/** Milliseconds that what a child wrote may take to be read once it is gone; nobody else holds its pipes. */
const PIPES_MS = 2000;

/** Those that live: none outlives this process, however that ends as long as it can say so. */
const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** One process, from its start to its end. Knows nothing of what it does. */
export class Child {
  readonly channel: Socket;
  readonly notices: Readable;
  readonly #process: ChildProcess;
  readonly #maxMemoryBytes: number;
  #by: EndedBy = 'itself';
  #lastWords = '';
  #state: 'running' | 'ended' = 'running';
  readonly #memory: NodeJS.Timeout;
  #patience: NodeJS.Timeout | undefined;

  /** @param onEnd Called once, after everything that it wrote has been read. */
  constructor(options: ChildOptions, onEnd: (end: ChildEnd) => void) {
    const { rights, cacheDirectory, maxMemoryBytes } = options;
    this.#maxMemoryBytes = maxMemoryBytes;
    const entry = fileURLToPath(codeFile('src/isolation/child/main'));
    const [command, begin] = withinLimits(options);
    const child = spawn(command, [...begin, ...permissionFlags(rights, cacheDirectory), entry], {
      // Neither the environment nor the directory nor the terminal of the host.
      env: {},
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#process = child;
    living.add(child);
    this.channel = child.stdio[CHANNEL_FD] as Socket;
    this.notices = child.stdio[NOTICES_FD] as Readable;
    child.stderr!.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString('latin1')).slice(-LAST_WORDS);
    });
    // It is the channel that keeps the process alive, while there is something to wait for.
    for (const handle of [child, child.stderr as Socket, this.channel, this.notices as Socket]) handle.unref();
    this.#memory = setInterval(() => void this.#lookAtMemory(), MEMORY_LOOK_MS).unref();
    let failure: Error | undefined;
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (this.#state === 'ended') return;
      this.#state = 'ended';
      living.delete(child);
      clearInterval(this.#memory);
      clearTimeout(this.#patience);
      const status = failure?.message ?? (signal === null ? `exit code ${code}` : signal);
      onEnd({
        by: failure === undefined ? this.#by : 'start',
        status,
        lastWords: cleanLogLine(this.#lastWords.trim()),
      });
    };
    child.on('error', (error) => {
      failure = error;
      if (child.pid === undefined) ended(null, null);
    });
    child.on('close', ended);
    child.on('exit', (code, signal) => setTimeout(ended, PIPES_MS, code, signal).unref());
    void this.#beFirstToGo();
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Ends it at once, whatever it is doing. */
  kill(by: EndedBy): void {
    if (this.#by === 'itself') this.#by = by;
    this.#process.kill('SIGKILL');
  }

  /** It was told to end. It has some time for that; then it is ended. */
  expectEnd(): void {
    if (this.#by === 'itself') this.#by = 'close';
    this.#patience ??= setTimeout(() => {
      this.#process.kill('SIGTERM');
      this.#patience = setTimeout(() => this.#process.kill('SIGKILL'), TERM_MS);
    }, END_MS);
  }

  /** Resident memory is what the system runs out of; nothing in V8 bounds what its compilers take. */
  async #lookAtMemory(): Promise<void> {
    const statm = await readFile(`/proc/${this.pid}/statm`, 'utf8').catch(() => '');
    const resident = Number(statm.split(' ')[1] ?? 0) * PAGE_BYTES;
    if (resident > this.#maxMemoryBytes && this.#state === 'running') this.kill('memory');
  }

  /** Where the system runs out of memory it is to end this, not the host. */
  async #beFirstToGo(): Promise<void> {
    if (this.pid !== undefined) await writeFile(`/proc/${this.pid}/oom_score_adj`, '1000').catch(() => {});
  }
}

/**
 * What starts Node within limits of the system's: of data, which counts what may be written to and not what is reserved,
 * so that what grows between two looks at its memory has an end. The heap of its main thread, where requests pass through,
 * has a limit of its own; those of its workers have theirs.
 */
function withinLimits({ maxMemoryBytes, maxThreads }: ChildOptions): [command: string, begin: string[]] {
  const heap = Math.min(Math.max(maxMemoryBytes / 2, LEAST_HEAP_BYTES), MOST_HEAP_BYTES);
  const node = [nodeCommand(), `--max-old-space-size=${Math.floor(heap / MiB)}`] as const;
  // Images without a shell have the other limits.
  if (process.platform !== 'linux' || !existsSync(SHELL)) return [node[0], [node[1]]];
  const data = Math.ceil((DATA_FACTOR * maxMemoryBytes + (maxThreads + OTHER_THREADS) * THREAD_DATA_BYTES) / 1024);
  // Shells add to an empty environment.
  return [SHELL, ['-c', `ulimit -d ${data}; exec env -i "$0" "$@"`, ...node]];
}
