/**
 * Ends what a test has started, whatever becomes of the test: a process of its own outlives a failed expectation, and
 * mocha itself. What a suite starts in `before` may live as long as the suite; what a test starts ends with it.
 */
import childProcess, { type ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** As it stands in a stack: Node 22 writes paths there where later ones write URLs. */
const HERE = fileURLToPath(import.meta.url);

/** Those that run, in the order of their start. */
const running = new Set<ChildProcess>();
/** Those that ran when the test began: its suite's. */
let older: ReadonlySet<ChildProcess> = new Set();

/** Those of a suite that a test has started anew. */
const ofSuite = new WeakSet<ChildProcess>();

/** Lets a process live on after the test that has started it: its suite ends it. */
export function livesWithSuite(child: ChildProcess): void {
  ofSuite.add(child);
}

/**
 * Only what a test starts itself: the engine's own children are the engine's to end, and tests see whether it does. So are a
 * package's: esbuild has one process for all that it is asked for.
 */
function isOfTests(): boolean {
  const [, caller] = (new Error().stack ?? '')
    .split('\n')
    .filter((line, at) => at === 0 || (line.includes('/') && !line.includes('node:') && !line.includes(HERE)));
  return caller !== undefined && /\/(test|scripts)\//.test(caller) && !caller.includes('/node_modules/');
}

function register<Child>(child: Child): Child {
  if (child instanceof childProcess.ChildProcess && child.pid !== undefined && isOfTests()) {
    running.add(child);
    child.once('exit', () => running.delete(child));
  }
  return child;
}

function wrap<Start extends (...args: never[]) => ChildProcess>(start: Start): Start {
  const wrapped = ((...args: Parameters<Start>) => register(start(...args))) as unknown as Start;
  const asPromise = (start as { [promisify.custom]?: (...args: Parameters<Start>) => { child: ChildProcess } })[
    promisify.custom
  ];
  if (asPromise === undefined) return wrapped;
  const promising = (...args: Parameters<Start>) => {
    const promise = asPromise(...args);
    register(promise.child);
    return promise;
  };
  return Object.assign(wrapped, { [promisify.custom]: promising });
}

childProcess.spawn = wrap(childProcess.spawn as (...args: never[]) => ChildProcess) as typeof childProcess.spawn;
childProcess.fork = wrap(childProcess.fork as (...args: never[]) => ChildProcess) as typeof childProcess.fork;
childProcess.exec = wrap(childProcess.exec as (...args: never[]) => ChildProcess) as typeof childProcess.exec;
childProcess.execFile = wrap(
  childProcess.execFile as (...args: never[]) => ChildProcess,
) as typeof childProcess.execFile;
syncBuiltinESMExports();

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

process.on('exit', endAll);
// Mocha lets the test that runs come to its end, which may never be.
process.on('SIGINT', endAll);
for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    endAll();
    process.kill(process.pid, signal);
  });
}

export const mochaHooks = {
  beforeEach(): void {
    older = new Set(running);
  },
  async afterEach(): Promise<void> {
    await Promise.all([...running].filter((child) => !older.has(child) && !ofSuite.has(child)).map(end));
  },
  async afterAll(): Promise<void> {
    await Promise.all([...running].map(end));
  },
};
