import { Buffer } from 'node:buffer';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe } from '../errors.ts';
import { systemReason } from '../text/system-error.ts';
import type { ResolvedRecord } from './options.ts';
import { textOf } from './recorder.ts';
import type { Recording } from './recording.ts';

/** How the names of recordings end. */
export const EXTENSION = '.recording.json';
/** Files that are written at a time; there are more failures than that only where something is badly wrong. */
const MAX_PENDING = 64;
const MAX_NAME = 40;
/** Reasons that are told: an embedder's function may fail with another one for each request. */
const MAX_TOLD = 1000;
/** A full directory is looked into again after so many milliseconds: somebody may have cleared it. */
const RECOUNT_MS = 10_000;

/** How many recordings a directory has, and when they were counted. */
interface Count {
  files: number;
  readonly at: number;
}

/** What is told of what becomes of recordings. */
export interface FilesListener {
  readonly onKept: (recording: Recording, file: string) => void;
  /** Something was not kept; told once for each reason. */
  readonly onLost: (lost: { readonly plugin: string; readonly version: string; readonly message: string }) => void;
}

/** Keeps recordings as files of a directory, within bounds. */
export class RecordingFiles {
  readonly #listener: FilesListener;
  readonly #pending = new Set<Promise<void>>();
  /** How many files a directory has, by its path. */
  readonly #counts = new Map<string, Promise<Count>>();
  readonly #told = new Set<string>();
  readonly #now: () => number;
  #number = 0;

  /** @param now Milliseconds of a clock. */
  constructor(listener: FilesListener, now: () => number = () => performance.now()) {
    this.#listener = listener;
    this.#now = now;
  }

  keep(recording: Recording, options: ResolvedRecord): void {
    if (this.#pending.size >= MAX_PENDING) {
      this.#lost(recording, `more than ${MAX_PENDING} recordings were to be written at once`);
      return;
    }
    const number = ++this.#number;
    const writing = this.#write(recording, options, number)
      .catch((error: unknown) => this.#lost(recording, `a recording could not be written: ${reasonOf(error)}`))
      .finally(() => this.#pending.delete(writing));
    this.#pending.add(writing);
  }

  /** Resolves when all that was to be kept is. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #write(recording: Recording, { directory, maxBytes, maxFiles }: ResolvedRecord, number: number): Promise<void> {
    const text = textOf(recording, maxBytes);
    if (text === undefined) {
      this.#lost(recording, `a request and its answer have more than the ${maxBytes} bytes of \`record.maxBytes\``);
      return;
    }
    const counted = await this.#count(directory, maxFiles);
    if (counted.files >= maxFiles) {
      this.#lost(recording, `\`${directory}\` has as many recordings as \`record.maxFiles\` says: ${maxFiles}`);
      return;
    }
    counted.files++;
    const file = join(directory, nameOf(recording, number));
    try {
      await writeWhole(file, text);
    } catch (error) {
      counted.files--;
      throw error;
    }
    this.#listener.onKept(recording, file);
  }

  async #count(directory: string, maxFiles: number): Promise<Count> {
    const before = this.#counts.get(directory);
    if (before !== undefined) {
      const counted = await before;
      if (counted.files < maxFiles || this.#now() - counted.at < RECOUNT_MS) return counted;
      // Another one may be counting them by now.
      if (this.#counts.get(directory) !== before) return this.#counts.get(directory) ?? counted;
    }
    const count = countIn(directory, this.#now());
    this.#counts.set(directory, count);
    // What was in the way may be gone the next time.
    count.catch(() => this.#counts.get(directory) === count && this.#counts.delete(directory));
    return count;
  }

  /** A function of the embedder's threw, and what it was asked about is not kept. */
  failed(plugin: string, version: string, error: unknown): void {
    this.#tell(plugin, version, `\`when\` or \`redact\` of \`record\` failed: ${describe(error)}`);
  }

  #lost({ plugin, version }: Recording, why: string): void {
    this.#tell(plugin, version, why);
  }

  #tell(plugin: string, version: string, message: string): void {
    const what = `${plugin}\n${version}\n${message}`;
    if (this.#told.has(what) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(what);
    this.#listener.onLost({ plugin, version, message });
  }
}

async function countIn(directory: string, at: number): Promise<Count> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return { files: (await readdir(directory)).filter((name) => name.endsWith(EXTENSION)).length, at };
}

/** A file that has its name when all of it is there: half of one would stand in the way of a replay of the directory. */
async function writeWhole(file: string, text: string): Promise<void> {
  const partial = `${file}.part`;
  try {
    // What plugins are given is nobody else's to read.
    await writeFile(partial, Buffer.from(text), { flag: 'wx', mode: 0o600 });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw error;
  }
}

/** Without the name of the file, which is another one each time: it is told once for each reason. */
function reasonOf(error: unknown): string {
  return systemReason(error) ?? describe(error);
}

/** `2026-11-30T12-00-00.000Z-redact-r-42-1.recording.json`: what others have chosen of it leads nowhere else. */
function nameOf({ time, plugin, request }: Recording, number: number): string {
  const part = (text: string): string => text.replace(/[^\w-]+/g, '_').slice(0, MAX_NAME);
  return `${time.replaceAll(':', '-')}-${part(plugin)}-${part(request.requestId)}-${process.pid}-${number}${EXTENSION}`;
}
