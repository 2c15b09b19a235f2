import { Buffer } from 'node:buffer';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { readRegularFile } from '../../arguments/regular-file.ts';
import { PluginError } from '../../errors.ts';
import { brokenFile, unusableFile } from '../file/errors.ts';
import { bootId, type Lock, takeLock } from './lock.ts';

/** What a run has to have in common with the one that it continues. */
export interface JournalHeader {
  /** Which records: the identity of the input. */
  readonly input: unknown;
  /** SHA-256 of what else the results depend on. */
  readonly recipe: string;
}

/** A point at which a run can be continued: everything that it says is in the files. */
export interface Checkpoint {
  /** The records whose results are in the output, as edges of ranges. */
  readonly done: readonly number[];
  /** Bytes of the output, and of the dead letters, that belong to these records. */
  readonly output: number;
  readonly deadLetter: number;
  /** What the summary has counted so far. */
  readonly tally: unknown;
}

interface FirstLine extends JournalHeader {
  readonly journal: 1;
  readonly boot: string;
}

type Line =
  | (Checkpoint & { readonly synced?: true })
  /** Records below this one may have begun. */
  | { readonly begun: number };

/** What a journal says about the run that wrote it. */
export interface JournalState {
  readonly checkpoint: Checkpoint;
  /** The last one that the disk held for certain. */
  readonly synced: Checkpoint;
  /** Records below this one may have begun; 0 when the run did not keep it. */
  readonly begun: number;
}

/** The journal is written anew when it has grown to this. */
const MAX_BYTES = 16 * 1024 * 1024;
/** No journal gets this large: what does is something else. */
const MAX_READ_BYTES = 16 * MAX_BYTES;

const START: Checkpoint = { done: [], output: 0, deadLetter: 0, tally: undefined };
const NOTHING: JournalState = { checkpoint: START, synced: START, begun: 0 };

/**
 * The journal of a batch: a file of lines, each with its CRC-32, so that a torn one is seen. A checkpoint is written
 * after the results that it counts, and holds all that it takes to go on; the last whole one is where the next run
 * continues, with the files cut to the lengths that it names. So every record is in the output exactly once, whenever
 * the process is killed.
 *
 * A machine that loses its power may have kept the journal and lost results. So now and then a checkpoint is *synced*:
 * written after the files were, on the disk. After another boot only those count.
 */
export class Journal {
  readonly path: string;
  readonly #first: string;
  readonly #lock: Lock;
  #file: FileHandle;
  #bytes: number;
  #state: JournalState;

  private constructor(path: string, first: string, lock: Lock, file: FileHandle, bytes: number, state: JournalState) {
    this.path = path;
    this.#first = first;
    this.#lock = lock;
    this.#file = file;
    this.#bytes = bytes;
    this.#state = state;
  }

  /**
   * Opens a journal, which no other run may have open.
   *
   * @param mode Whether to begin anew or to go on where the journal ends.
   * @throws {PluginError} `ERR_BATCH_JOURNAL` when another run holds it, when it belongs to another batch, and when it
   * would be lost by beginning anew; `ERR_BATCH_FILE` when it cannot be written.
   */
  static async open(path: string, header: JournalHeader, mode: 'new' | 'resume'): Promise<Journal> {
    const lock = await takeLock(`${path}.lock`).catch((error: unknown) => {
      throw error instanceof PluginError ? error : unusableFile('write the journal', path, error);
    });
    try {
      const found = await readRegularFile(path, MAX_READ_BYTES).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw unusableFile('read the journal', path, error);
      });
      const text = found && new TextDecoder().decode(found);
      if (text !== undefined && mode === 'new') {
        throw new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` is the journal of a run that was not finished`, {
          hint: 'Continue it with `resume`, or remove the journal to begin anew.',
        });
      }
      const boot = await bootId();
      const state = text === undefined ? NOTHING : read(path, text, header, boot);
      const first = encode({ journal: 1, ...header, boot } satisfies FirstLine);
      const { file, bytes } = await writeAnew(path, first, state);
      return new Journal(path, first, lock, file, bytes, state);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Where the run goes on. */
  get state(): JournalState {
    return this.#state;
  }

  /**
   * Notes what the files hold by now. One call at a time.
   *
   * @param durability `synced` when the disk holds it.
   */
  async checkpoint(checkpoint: Checkpoint, durability: 'written' | 'synced'): Promise<void> {
    this.#state = { ...this.#state, checkpoint, ...(durability === 'synced' && { synced: checkpoint }) };
    await this.#append(encode(durability === 'synced' ? { ...checkpoint, synced: true } : checkpoint));
    if (durability === 'synced') await this.#guard(() => this.#file.datasync());
    if (this.#bytes > MAX_BYTES) await this.#compact();
  }

  /** Notes, before they do, that the records below a number may begin. One call at a time. */
  async begin(begun: number): Promise<void> {
    this.#state = { ...this.#state, begun };
    await this.#append(encode({ begun }));
  }

  /**
   * Ends it; it stays where there is something to continue.
   *
   * @param outcome `untouched` where the run has not got as far as to open its outputs.
   */
  async close(outcome: 'complete' | 'unfinished' | 'untouched'): Promise<void> {
    const { checkpoint, begun } = this.#state;
    try {
      await this.#file.close();
      const nothing = checkpoint.done.length === 0 && begun === 0;
      if (outcome === 'complete' || (outcome === 'untouched' && nothing)) await rm(this.path, { force: true });
    } finally {
      await this.#lock.release();
    }
  }

  async #append(line: string): Promise<void> {
    await this.#guard(() => this.#file.appendFile(line));
    this.#bytes += Buffer.byteLength(line);
  }

  async #compact(): Promise<void> {
    await this.#guard(async () => {
      const { file, bytes } = await writeAnew(this.path, this.#first, this.#state);
      await this.#file.close();
      this.#file = file;
      this.#bytes = bytes;
    });
  }

  async #guard(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw brokenJournal(this.path, error);
    }
  }
}

/** Writes a journal with the last checkpoints in the place of what was there; a crash leaves one or the other. */
async function writeAnew(
  path: string,
  first: string,
  { checkpoint, synced, begun }: JournalState,
): Promise<{ readonly file: FileHandle; readonly bytes: number }> {
  const last = checkpoint === synced ? '' : encode(checkpoint);
  const text = `${first}${encode({ ...synced, synced: true })}${last}${begun > 0 ? encode({ begun }) : ''}`;
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.appendFile(text);
      await file.datasync();
      await rename(temporary, path);
      return { file, bytes: Buffer.byteLength(text) };
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    throw brokenJournal(path, error);
  }
}

function encode(value: FirstLine | Line): string {
  const json = JSON.stringify(value);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

/** A line, or undefined when it is torn. */
function decode(line: string): unknown {
  const json = line.slice(9);
  if (crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) return undefined;
  return JSON.parse(json);
}

function read(path: string, text: string, header: JournalHeader, boot: string): JournalState {
  // What comes after the last line break is torn.
  const [first = '', ...lines] = text.slice(0, text.lastIndexOf('\n')).split('\n');
  const found = decode(first) as FirstLine | undefined;
  if (found?.journal !== 1) {
    throw new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` is no journal of a batch`, {
      hint: 'Remove it to begin anew.',
    });
  }
  assertSame(path, found, header);
  let state = NOTHING;
  for (const line of lines) {
    const entry = decode(line) as Line | undefined;
    // What was appended after a torn line says nothing about the files either.
    if (entry === undefined) break;
    if ('begun' in entry) state = { ...state, begun: entry.begun };
    else {
      const { synced, ...checkpoint } = entry;
      if (synced) state = { ...state, checkpoint, synced: checkpoint };
      else if (boot !== '' && found.boot === boot) state = { ...state, checkpoint };
    }
  }
  return state;
}

function assertSame(path: string, found: JournalHeader, wanted: JournalHeader): void {
  const same = (key: keyof JournalHeader): boolean => JSON.stringify(found[key]) === JSON.stringify(wanted[key]);
  const what = !same('input')
    ? 'of an input that was another, or has changed since'
    : !same('recipe')
      ? 'of a run with other plugins or options'
      : undefined;
  if (what === undefined) return;
  throw new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` is the journal ${what}`, {
    hint: 'Run the batch as it was begun, or remove the journal to begin anew.',
  });
}

function brokenJournal(path: string, cause: unknown): PluginError {
  return brokenFile('writing', path, cause, 'What it speaks of stays; make room, and continue with `resume`.');
}
