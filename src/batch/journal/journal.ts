import { Buffer } from 'node:buffer';
import { type FileHandle, rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { PluginError } from '../../errors.ts';
import { VERSION } from '../../package/version.ts';
import { cleanLogLine } from '../../text/log-line.ts';
import { brokenFile, unusableFile } from '../file/errors.ts';
import { bootId } from './lock.ts';
import { createPrivate, readPrivate } from './private-file.ts';
import { type Checkpoint, isCount, type JournalState, NOTHING, toCheckpoint } from './state.ts';

/** What a run has to have in common with the one that it continues. */
export interface JournalHeader {
  /** Which records: the identity of the input, which whoever opens the input compares. */
  readonly input: unknown;
  /** SHA-256 of what else the results depend on, by what it is. */
  readonly recipe: Readonly<Record<string, string>>;
}

/** Another number for each form that older versions cannot read, or would misunderstand. */
const FORMAT = 2;

interface FirstLine extends JournalHeader {
  readonly journal: typeof FORMAT;
  /** The version of this package, for people. */
  readonly tool: string;
  readonly boot: string;
}

type Line =
  | (Checkpoint & { readonly synced?: true })
  /** Records below this one may have begun. */
  | { readonly begun: number };

/** The journal is written anew when it has grown to this. */
const MAX_BYTES = 16 * 1024 * 1024;
/** A larger one is none: a checkpoint may be as large as a journal, and there are two of them. */
const MAX_READ_BYTES = 256 * 1024 * 1024;

/**
 * The journal of a batch: a file of lines, each with its CRC-32, so that a torn one is seen. A checkpoint is written
 * after the results that it counts, and holds all that it takes to go on; the last whole one is where the next run
 * continues, with the files cut to the lengths that it names, if they still begin with what the run has written. So
 * every record is in the output exactly once, whenever the process is killed.
 *
 * A machine that loses its power may have kept the journal and lost results. So now and then a checkpoint is *synced*:
 * written after the files were, on the disk. After another boot only those count.
 */
export class Journal {
  readonly path: string;
  /** What the run that it continues was; undefined where there is none. */
  readonly earlier: JournalHeader | undefined;
  #first = '';
  #file: FileHandle | undefined;
  #bytes = 0;
  #state: JournalState;

  private constructor(path: string, earlier: JournalHeader | undefined, state: JournalState) {
    this.path = path;
    this.earlier = earlier;
    this.#state = state;
  }

  /**
   * Reads a journal, whose lock its reader holds. Nothing is written before {@link start}.
   *
   * @param mode Whether to begin anew or to go on where the journal ends.
   * @throws {PluginError} `ERR_BATCH_JOURNAL` when it belongs to another batch, when it says what cannot be, and when it
   * would be lost by beginning anew; `ERR_INVALID_ARGUMENT` when it cannot be read.
   */
  static async open(path: string, recipe: JournalHeader['recipe'], mode: 'new' | 'resume'): Promise<Journal> {
    const text = await readPrivate(path, MAX_READ_BYTES).catch((error: unknown) => {
      throw error instanceof PluginError ? error : unusableFile('read the journal', path, error);
    });
    if (text === undefined) return new Journal(path, undefined, NOTHING);
    if (mode === 'new') throw unfinished(path);
    const { first, state } = read(path, text, await bootId());
    assertSame(path, first.recipe, recipe);
    return new Journal(path, first, state);
  }

  /**
   * Begins to write it: the one that was there is replaced.
   *
   * @throws {PluginError} `ERR_BATCH_FILE`, `ERR_BATCH_JOURNAL`.
   */
  async start(header: JournalHeader): Promise<void> {
    this.#first = encode({
      journal: FORMAT,
      tool: VERSION,
      ...header,
      boot: await bootId(),
    } satisfies FirstLine);
    await this.#guard(() => this.#writeAnew());
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
    if (durability === 'synced') await this.#guard(() => this.#file!.datasync());
    if (this.#bytes > MAX_BYTES) await this.#guard(() => this.#writeAnew());
  }

  /** Notes, before they do, that the records below a number may begin. One call at a time. */
  async begin(begun: number): Promise<void> {
    this.#state = { ...this.#state, begun };
    await this.#append(encode({ begun }));
  }

  /**
   * Ends it; it stays where there is something to continue.
   *
   * @param outcome Of a run that has failed before it had done anything, there is nothing to continue.
   */
  async close(outcome: 'complete' | 'unfinished' | 'failed'): Promise<void> {
    if (this.#file === undefined) return;
    const { checkpoint, begun } = this.#state;
    await this.#file.close();
    // Where something is in a queue, the tally says so.
    const nothing = checkpoint.done.length === 0 && (checkpoint.tally ?? null) === null && begun === 0;
    if (outcome === 'complete' || (outcome === 'failed' && nothing)) await rm(this.path, { force: true });
  }

  async #append(line: string): Promise<void> {
    await this.#guard(() => this.#file!.appendFile(line));
    this.#bytes += Buffer.byteLength(line);
  }

  /** Writes it with the last checkpoints in the place of what was there; a crash leaves one or the other. */
  async #writeAnew(): Promise<void> {
    const { checkpoint, synced, begun } = this.#state;
    const last = checkpoint === synced ? '' : encode(checkpoint);
    const text = `${this.#first}${encode({ ...synced, synced: true })}${last}${begun > 0 ? encode({ begun }) : ''}`;
    const temporary = `${this.path}.new`;
    const file = await createPrivate(temporary);
    try {
      await file.appendFile(text);
      await file.datasync();
      await rename(temporary, this.path);
    } catch (error) {
      await file.close();
      throw error;
    }
    await this.#file?.close();
    this.#file = file;
    this.#bytes = Buffer.byteLength(text);
  }

  async #guard(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw error instanceof PluginError ? error : brokenJournal(this.path, error);
    }
  }
}

/**
 * Makes sure that no run that was interrupted still needs a file as it is.
 *
 * @throws {PluginError} `ERR_BATCH_JOURNAL`.
 */
export async function assertNoJournal(path: string): Promise<void> {
  if ((await readPrivate(path, MAX_READ_BYTES)) !== undefined) throw unfinished(path);
}

function unfinished(path: string): PluginError {
  return new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` is the journal of a run that was not finished`, {
    hint: 'Continue it with `resume`, or remove the journal to begin anew.',
  });
}

function encode(value: FirstLine | Line): string {
  const json = JSON.stringify(value);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

/** A line, undefined when it is torn, or null when it is none that a journal has. */
function decode(line: string): unknown {
  const json = line.slice(9);
  if (crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) return undefined;
  try {
    return JSON.parse(json) ?? null;
  } catch {
    return null;
  }
}

function read(path: string, text: string, boot: string): { readonly first: FirstLine; readonly state: JournalState } {
  // What comes after the last line break is torn.
  const [head = '', ...lines] = text.slice(0, text.lastIndexOf('\n')).split('\n');
  const first = toFirstLine(path, decode(head));
  let state = NOTHING;
  for (const line of lines) {
    const entry = decode(line);
    // What was appended after a torn line says nothing about the files either.
    if (entry === undefined) break;
    if (typeof entry !== 'object' || entry === null) throw senseless(path);
    if ('begun' in entry) {
      if (!isCount(entry.begun)) throw senseless(path);
      state = { ...state, begun: entry.begun };
      continue;
    }
    const checkpoint = toCheckpoint(entry);
    if (checkpoint === undefined) throw senseless(path);
    if ('synced' in entry && entry.synced === true) state = { ...state, checkpoint, synced: checkpoint };
    else if (boot !== '' && first.boot === boot) state = { ...state, checkpoint };
  }
  return { first, state };
}

function toFirstLine(path: string, value: unknown): FirstLine {
  if (typeof value !== 'object' || value === null || !('journal' in value)) {
    throw new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` is no journal of a batch`, {
      hint: 'Remove it to begin anew.',
    });
  }
  if (value.journal !== FORMAT) {
    const tool = 'tool' in value && typeof value.tool === 'string' ? `version ${value.tool}` : 'another version';
    throw new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` is a journal that ${tool} wrote, in another form`, {
      hint: 'Finish the run with that version, or remove the journal to begin anew.',
    });
  }
  const { recipe, boot } = value as Partial<FirstLine>;
  if (typeof recipe !== 'object' || recipe === null || typeof boot !== 'string') throw senseless(path);
  return value as FirstLine;
}

function assertSame(path: string, found: JournalHeader['recipe'], wanted: JournalHeader['recipe']): void {
  const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
  const other = [...names].filter((name) => found[name] !== wanted[name]);
  if (other.length === 0) return;
  const which = other.map((name) => cleanLogLine(name)).join(', ');
  throw anotherRun(path, `of a run with other plugins or options (${which})`);
}

/** The journal belongs to another batch. */
export function anotherRun(path: string, what: string): PluginError {
  return new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` is the journal ${what}`, {
    hint: 'Run the batch as it was begun, or remove the journal to begin anew.',
  });
}

function senseless(path: string): PluginError {
  return new PluginError('ERR_BATCH_JOURNAL', `\`${path}\` says what cannot be`, {
    hint: 'Somebody changed it. Remove it to begin anew.',
  });
}

function brokenJournal(path: string, cause: unknown): PluginError {
  return brokenFile('writing', path, cause, 'What it speaks of stays; make room, and continue with `resume`.');
}
