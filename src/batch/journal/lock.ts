import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { PluginError } from '../../errors.ts';
import { systemHint, systemReason } from '../../text/system-error.ts';
import { readPrivate } from './private-file.ts';

/** Who holds a lock. */
interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process began, so that another one with its number does not pass for it; null where nobody says. */
  readonly started: string | null;
}

/** A lock that is held. */
export interface Lock {
  release(): Promise<void>;
}

/** How often a lock is tried for that processes died over while they took it, and the milliseconds between. */
const ATTEMPTS = 5;
const PAUSE_MS = 100;
/** A holder is a line of JSON. */
const MAX_BYTES = 4096;
/** The largest number that Linux gives a process; other systems stay below it. */
const MAX_PID = 2 ** 22;

/**
 * Takes the locks of files that are going to be written: `FILE.lock` beside each. Whoever writes a file holds its lock,
 * whatever else it reads, keeps or calls the file.
 *
 * @param paths Of real files, links followed.
 * @throws {PluginError} `ERR_BATCH_JOURNAL` when somebody holds one of them; then none is taken.
 */
export async function takeLocks(paths: readonly string[]): Promise<Lock> {
  const locks: Lock[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(locks.map((lock) => lock.release()));
  };
  try {
    for (const path of paths) locks.push(await takeLock(`${path}.lock`));
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/**
 * Takes a lock that is a file with its holder in it. A process that is dead holds nothing: its lock is taken over, by
 * one process at a time, which the file beside it decides.
 *
 * @throws {PluginError} `ERR_BATCH_JOURNAL` when a process that lives holds it, or one on another host, when what is
 * there is no lock, and when it cannot be written.
 */
export async function takeLock(path: string): Promise<Lock> {
  const me: Holder = { host: hostname(), pid: process.pid, started: await startOf(process.pid) };
  // Written first and linked then: the lock is never there without its holder in it.
  const token = randomBytes(8).toString('hex');
  const mine = `${path}.${me.pid}-${token}`;
  const text = JSON.stringify({ ...me, token });
  try {
    await writeFile(mine, text, { flag: 'wx' }).catch((error: unknown) => {
      throw unwritable(path, error);
    });
    if (!(await links(mine, path))) await takeOver(path, mine, ATTEMPTS);
  } finally {
    // What could not be written need not be there; what went wrong is said by then.
    await rm(mine, { force: true }).catch(() => {});
  }
  return {
    release: async () => {
      // Somebody may have removed it by hand, and another run have taken it since.
      const now = await readPrivate(path, MAX_BYTES).catch(() => undefined);
      if (now === text) await rm(path, { force: true });
    },
  };
}

function unwritable(path: string, cause: unknown): PluginError {
  const reason = systemReason(cause) ?? String(cause);
  return new PluginError('ERR_BATCH_JOURNAL', `Cannot lock what is to be written, with \`${path}\`: ${reason}`, {
    hint: systemHint(cause),
    cause,
  });
}

async function takeOver(path: string, mine: string, attempts: number): Promise<void> {
  const referee = `${path}.takeover`;
  const dead = await assertDead(path);
  if (!(await links(mine, referee))) {
    const before = await readPrivate(referee, MAX_BYTES);
    await assertDead(referee);
    // It died while it took over. What is judged dead is what goes, and nobody begins anew before others have done so.
    if ((await readPrivate(referee, MAX_BYTES)) === before) await rm(referee, { force: true });
    if (attempts === 1) throw held(path, dead, 'was being taken over by a run that died; try again');
    await delay(PAUSE_MS * (1 + Math.random()));
    if (!(await links(mine, path))) await takeOver(path, mine, attempts - 1);
    return;
  }
  try {
    // Nobody else takes it over now; whoever did before is alive.
    await assertDead(path);
    await rename(mine, path);
  } finally {
    await rm(referee, { force: true });
  }
}

/** Who held it, if that process is dead. */
async function assertDead(path: string): Promise<Holder | undefined> {
  const holder = await readHolder(path);
  if (holder === undefined) return undefined;
  if (holder.host !== hostname()) throw held(path, holder, `is held by process ${holder.pid} on ${holder.host}`);
  if (!(await isAlive(holder))) return holder;
  throw held(path, holder, `is held by process ${holder.pid}`);
}

/** Undefined where nobody holds it: it was released meanwhile, or torn by a crash of the machine. */
async function readHolder(path: string): Promise<Holder | undefined> {
  const text = await readPrivate(path, MAX_BYTES);
  if (text === undefined || /^\0*$/.test(text)) return undefined;
  let value: Partial<Holder>;
  try {
    value = JSON.parse(text) as Partial<Holder>;
  } catch {
    if (text.startsWith('{"host"')) return undefined;
    throw noLock(path, 'something else');
  }
  const { host, pid, started = null } = value ?? {};
  // Process 0 would be a group of processes, and lives always.
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1 || pid > MAX_PID) throw noLock(path, 'no process');
  if (typeof host !== 'string' || (typeof started !== 'string' && started !== null)) throw noLock(path, 'no holder');
  return { host, pid, started };
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = await startOf(pid);
  return started === null || now === null || now === started;
}

/** The boot and the clock tick at which a process began; null where `/proc` does not say. A zombie is dead. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), bootId()]);
    // The name, in parentheses, may hold anything; the fields after it are the state and then numbers.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : `${boot}/${fields[19]}`;
  } catch {
    return null;
  }
}

/** What the kernel calls this boot of the machine; empty where it does not say. */
export async function bootId(): Promise<string> {
  return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

async function links(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function held(path: string, holder: Holder | undefined, how: string): PluginError {
  const hint =
    holder !== undefined && holder.host !== hostname()
      ? `If that process is gone, remove \`${path}\`.`
      : 'Wait for the other run, or give this one another output.';
  return new PluginError('ERR_BATCH_JOURNAL', `The lock \`${path}\` ${how}`, { hint });
}

function noLock(path: string, what: string): PluginError {
  return new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` stands for a lock and names ${what}`, {
    hint: 'No run has written that. If none is at work on these files, remove it.',
  });
}
