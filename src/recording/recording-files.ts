import { Buffer } from 'node:buffer';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from '../errors.ts';
import type { ResolvedRecord } from './options.ts';
import { textOf } from './recorder.ts';
import type { Recording } from './recording.ts';

/** How the names of recordings end. */
export const EXTENSION = '.recording.json';
/** Files that are written at a time; there are more failures than that only where something is badly wrong. */
const MAX_PENDING = 64;
const MAX_NAME = 40;

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
  readonly #counts = new Map<string, Promise<{ files: number }>>();
  readonly #told = new Set<string>();
  #number = 0;

  constructor(listener: FilesListener) {
    this.#listener = listener;
  }

  keep(recording: Recording, options: ResolvedRecord): void {
    if (this.#pending.size >= MAX_PENDING) {
      this.#lost(recording, `more than ${MAX_PENDING} recordings were to be written at once`);
      return;
    }
    const number = ++this.#number;
    const writing = this.#write(recording, options, number)
      .catch((error: unknown) => this.#lost(recording, `a recording could not be written: ${describe(error)}`))
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
    let count = this.#counts.get(directory);
    if (count === undefined) {
      count = countIn(directory);
      this.#counts.set(directory, count);
    }
    const counted = await count;
    if (counted.files >= maxFiles) {
      this.#lost(recording, `\`${directory}\` has as many recordings as \`record.maxFiles\` says: ${maxFiles}`);
      return;
    }
    counted.files++;
    const file = join(directory, nameOf(recording, number));
    // What plugins are given is nobody else's to read.
    await writeFile(file, Buffer.from(text), { flag: 'wx', mode: 0o600 });
    this.#listener.onKept(recording, file);
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
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#listener.onLost({ plugin, version, message });
  }
}

async function countIn(directory: string): Promise<{ files: number }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return { files: (await readdir(directory)).filter((name) => name.endsWith(EXTENSION)).length };
}

/** `2026-11-30T12-00-00.000Z-redact-r-42-1.recording.json`: what others have chosen of it leads nowhere else. */
function nameOf({ time, plugin, request }: Recording, number: number): string {
  const part = (text: string): string => text.replace(/[^\w-]+/g, '_').slice(0, MAX_NAME);
  return `${time.replaceAll(':', '-')}-${part(plugin)}-${part(request.requestId)}-${process.pid}-${number}${EXTENSION}`;
}
