import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidArgument, knownKeys, wholeNumber } from '../arguments/arguments.ts';
import type { Recording } from './recording.ts';

/**
 * Which requests of a plugin are kept, and where: see `docs/replay.md`.
 *
 * @example
 * const record: RecordOptions = { directory: 'recordings', when: 'failures', leaveOut: ['apiKey'] };
 * await engine.loadPlugin('redact', 'redact.wasm', { record });
 */
export interface RecordOptions {
  /** Where the files go. It is made if it is not there. */
  readonly directory: string | URL;
  /**
   * `failures`: requests that fail with an error, or that the plugin answers with `success: false`. A function is given each
   * request when it is over. @default 'failures'
   */
  readonly when?: 'failures' | 'all' | ((recording: Recording) => boolean);
  /** Names in the plugin's `config` whose values are left out. @default none */
  readonly leaveOut?: readonly string[];
  /** Has the last word on what is written: what is no business of whoever reads it can be taken out. @default nothing is */
  readonly redact?: (recording: Recording) => Recording;
  /** Bytes of one file. A request with more calls to the host than fit is kept without the rest of them. @default 1 MiB */
  readonly maxBytes?: number;
  /** Files in the directory; when there are as many, nothing is added until some are gone. @default 1000 */
  readonly maxFiles?: number;
}

/** {@link RecordOptions}, checked. */
export interface ResolvedRecord {
  readonly directory: string;
  readonly when: NonNullable<RecordOptions['when']>;
  readonly leaveOut: ReadonlySet<string>;
  readonly redact: (recording: Recording) => Recording;
  readonly maxBytes: number;
  readonly maxFiles: number;
}

const KEYS = [
  'directory',
  'when',
  'leaveOut',
  'redact',
  'maxBytes',
  'maxFiles',
] as const satisfies readonly (keyof RecordOptions)[];

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
export function resolveRecord(record: RecordOptions | undefined): ResolvedRecord | undefined {
  if (record === undefined) return undefined;
  const {
    directory,
    when = 'failures',
    leaveOut = [],
    redact,
  } = knownKeys('record', record, KEYS) as Partial<RecordOptions>;
  if (when !== 'failures' && when !== 'all' && typeof when !== 'function') {
    throw invalidArgument('record.when', "'failures', 'all' or a function", when);
  }
  if (!Array.isArray(leaveOut) || leaveOut.some((name) => typeof name !== 'string')) {
    throw invalidArgument('record.leaveOut', 'a list of names', leaveOut);
  }
  if (redact !== undefined && typeof redact !== 'function')
    throw invalidArgument('record.redact', 'a function', redact);
  return {
    directory: pathOf(directory),
    when,
    leaveOut: new Set(leaveOut),
    redact: redact ?? ((recording) => recording),
    maxBytes: wholeNumber('record.maxBytes', record.maxBytes, { min: 1024, max: 64 * 2 ** 20, default: 2 ** 20 }),
    maxFiles: wholeNumber('record.maxFiles', record.maxFiles, { min: 1, max: 1_000_000, default: 1000 }),
  };
}

function pathOf(directory: unknown): string {
  if (directory instanceof URL && directory.protocol === 'file:') return fileURLToPath(directory);
  if (typeof directory === 'string' && directory !== '') return resolve(directory);
  throw invalidArgument('record.directory', 'the path of a directory', directory);
}
