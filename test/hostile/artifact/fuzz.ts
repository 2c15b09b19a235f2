import { type ChildProcess, fork } from 'node:child_process';
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

/** Milliseconds for one mutant, on a machine that does other things as well. Compiling takes tens of them. */
const HANG_MS = 30_000;
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
    const child: ChildProcess = fork(PROCESS, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let current = assignment.first;
    let state: 'runs' | 'ends' | 'hung' | 'panicked' = 'runs';
    let lastWords = '';
    const dog = setTimeout(() => {
      state = 'hung';
      child.kill('SIGKILL');
    }, HANG_MS);
    child.stderr?.on('data', (text: Buffer) => {
      lastWords = (lastWords + text.toString()).slice(-2000);
    });
    child.on('message', (report: Report) => {
      dog.refresh();
      if (report.kind === 'begins') current = report.index;
      else if (report.kind === 'verdict') take(report.verdict);
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
      if (state === 'ends' || (state === 'runs' && code === 0)) {
        resolve(undefined);
        return;
      }
      if (state !== 'panicked') {
        const what =
          state === 'hung' ? `it hung for ${HANG_MS} ms` : `the process died (${signal ?? code}): ${lastWords}`;
        take({ index: current, outcome: state === 'hung' ? 'hung' : 'crashed', problem: what });
      }
      resolve(current + assignment.step);
    });
    child.send(assignment);
  });
}
