import type { RetryOptions } from '../batch/options.ts';
import type { LineRecipe } from '../block/source.ts';
import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import { type ErrorCode, PluginError } from '../errors.ts';

/** A plugin of a distributed batch. Its policy is the worker's business: it says what may be reached there. */
export interface ChunkPlugin {
  readonly name: string;
  /** Of the component, by which it travels. */
  readonly sha256: string;
  readonly config: Readonly<Record<string, string>>;
}

/** How the records of a chunk run. */
export interface ChunkRecipe {
  readonly plugins: readonly ChunkPlugin[];
  readonly plugin: string | undefined;
  readonly chain: readonly string[];
  readonly deadlineMs: number | undefined;
  readonly retry: Required<RetryOptions>;
  readonly idempotent: boolean;
}

/** A record on its way. */
export interface ChunkRecord {
  readonly index: number;
  readonly input: string;
  readonly options?: RequestOptions;
  readonly plugin?: string;
}

/** Another number for each form of a chunk that other versions cannot read, or would misunderstand. */
export const FORM = 3;

/** How the lines of a chunk are read and their results written. They are in Redis by themselves, as bytes: see `lines.ts`. */
export interface ChunkLines extends Pick<LineRecipe, 'kind' | 'output' | 'letters' | 'options'> {
  /** The file, where records of several are in the batch. */
  readonly file?: string;
  readonly firstIndex: number;
  readonly firstLine: number;
  readonly count: number;
}

/** What all chunks have. */
interface ChunkFrame {
  readonly form: typeof FORM;
  readonly batch: string;
  /** The index of its first record. */
  readonly chunk: number;
  readonly tenant: string;
  readonly recipe: ChunkRecipe;
}

/** Records that were found by the one who submits. */
export interface RecordChunk extends ChunkFrame {
  /** The run of Redis in which its records may begin, each of them once; undefined where they may begin again. */
  readonly once?: string;
  readonly records: readonly ChunkRecord[];
}

/** Records that workers find. */
export interface LineChunk extends ChunkFrame {
  readonly lines: ChunkLines;
}

/** The data of a job: some records that follow each other. */
export type Chunk = RecordChunk | LineChunk;

/** What goes into the queue: records in the job, lines beside it. */
export type ChunkContent = Pick<RecordChunk, 'records'> | (Pick<LineChunk, 'lines'> & { readonly bytes: Buffer });

/** How many records it has. */
export function recordsIn(content: ChunkContent | Chunk): number {
  return 'lines' in content ? content.lines.count : content.records.length;
}

/** What became of a record, as Redis keeps it. */
export type ChunkResult =
  | { readonly response: PluginResponse }
  | {
      readonly error: { readonly code: string; readonly message: string; readonly hint?: string };
      readonly attempts: number;
    };

/** A chunk has so many bytes at the most, unless one record has more. */
export const CHUNK_BYTES: number = 1024 * 1024;

/** The name of the job of a chunk; adding it twice adds it once. */
export function jobId({ batch, chunk }: Pick<Chunk, 'batch' | 'chunk'>): string {
  return `${batch}-${chunk}`;
}

/** The error of a record, as the worker has seen it. */
export function errorOf({
  error: { code, message, hint },
}: Extract<ChunkResult, { readonly error: unknown }>): PluginError {
  return new PluginError(code as ErrorCode, message, { hint });
}
