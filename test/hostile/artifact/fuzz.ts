import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Report, Verdict } from './protocol.ts';

/** What to fuzz. */
export interface FuzzOptions {
  readonly seed: number;
  /** The number of the first mutant. @default 0 */
  readonly first?: number;
  /** How many mutants. */
  readonly mutants: number;
  /** Processes at a time. @default 2 */
  readonly processes?: number;
  /** Stops early when it says so; asked after each mutant. */
  readonly enough?: () => boolean;
}

/** What came of it. */
export interface FuzzReport {
  readonly judged: number;
  /** How often each outcome came up. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** What must not happen, each with the number of its mutant. */
  readonly problems: readonly Verdict[];
}

/** Milliseconds of CPU time for one mutant; compiling takes tens of them. */
const HANG_CPU_MS = 30_000;
/** Milliseconds for one that waits, on a machine that does other things as well, or where nobody says its CPU time. */
const HANG_MS = 180_000;
/** What the process of all mutants may hold, all that its compilers take included. */
const MAX_BYTES = 1.5 * 1024 * 1024 * 1024;
const LOOK_MS = 20;
/** So that what is called a few times is compiled by V8's optimising compiler, too. */
const FLAGS = ['--wasm-tiering-budget=1000'];
const PROCESS = fileURLToPath(new URL('./fuzz-process.ts', import.meta.url));

/** Makes mutants and sees what the engine's parts do with them, in processes of their own. */
export async function fuzz({ seed, first = 0, mutants, processes = 2, enough }: FuzzOptions): Promise<FuzzReport> {
  const outcomes = new Map<string, number>();
  const problems: Verdict[] = [];
  let judged = 0;
  const take = (verdict: Verdict): void => {
    judged++;
    outcomes.set(verdict.outcome, (outcomes.get(verdict.outcome) ?? 0) + 1);
    if (verdict.problem !== undefined) problems.push(verdict);
  };
  const end = first + mutants;
  const lane = async (start: number): Promise<void> => {
    // Another process goes on where one crashed, hung or was left by its tools.
    for (let next: number | undefined = start; next !== undefined && next < end; ) {
      next = await oneProcess({ seed, first: next, step: processes, end }, take, enough);
    }
  };
  await Promise.all(Array.from({ length: processes }, (_, index) => lane(first + index)));
  return { judged, outcomes, problems };
}

/** Runs one process; resolves with the number at which another has to go on, or undefined when it is done. */
function oneProcess(
  assignment: { seed: number; first: number; step: number; end: number },
  take: (verdict: Verdict) => void,
  enough: (() => boolean) | undefined,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const child: ChildProcess = fork(PROCESS, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [...process.execArgv, ...FLAGS],
    });
    let current = assignment.first;
    let state: 'runs' | 'ends' | 'hung' | 'panicked' | 'grew' = 'runs';
    let lastWords = '';
    const dog = setTimeout(() => {
      state = 'hung';
      child.kill('SIGKILL');
    }, HANG_MS);
    let cpuMsBefore = 0;
    const look = setInterval(() => {
      const { bytes, cpuMs } = usage(child.pid);
      if (state !== 'runs' || (bytes <= MAX_BYTES && cpuMs - cpuMsBefore <= HANG_CPU_MS)) return;
      state = bytes > MAX_BYTES ? 'grew' : 'hung';
      child.kill('SIGKILL');
    }, LOOK_MS);
    child.stderr?.on('data', (text: Buffer) => {
      lastWords = (lastWords + text.toString()).slice(-2000);
    });
    child.on('message', (report: Report) => {
      dog.refresh();
      if (report.kind === 'begins') {
        current = report.index;
        cpuMsBefore = usage(child.pid).cpuMs;
      } else if (report.kind === 'verdict') take(report.verdict);
      else {
        state = 'panicked';
        take({ index: report.index, outcome: 'the tools panicked' });
      }
      if (report.kind === 'verdict' && enough?.() === true) {
        state = 'ends';
        child.kill('SIGKILL');
      }
    });
    child.on('exit', (code, signal) => {
      clearTimeout(dog);
      clearInterval(look);
      if (state === 'ends' || (state === 'runs' && code === 0)) {
        resolve(undefined);
        return;
      }
      if (state !== 'panicked') {
        const what = {
          hung: `it did not come back, within ${HANG_CPU_MS} ms of CPU time or ${HANG_MS} ms`,
          grew: `the process took more than ${MAX_BYTES} bytes`,
          runs: `the process died (${signal ?? code}): ${lastWords}`,
        }[state];
        take({ index: current, outcome: state === 'runs' ? 'crashed' : state, problem: what });
      }
      resolve(current + assignment.step);
    });
    child.send(assignment);
  });
}

const PAGE_BYTES = 4096;
const TICK_MS = 10;

/** Nothing where the system does not say it, and when the process is gone. */
function usage(pid: number | undefined): { readonly bytes: number; readonly cpuMs: number } {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    // After the name of the program, which may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { bytes: Number(pages) * PAGE_BYTES, cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
  } catch {
    return { bytes: 0, cpuMs: 0 };
  }
}
