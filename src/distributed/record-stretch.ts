import { type FileRecord, malformedError } from '../batch/file/record.ts';
import type { Done } from '../batch/file/result-line.ts';
import { type ChunkContent, type ChunkRecord, errorOf } from './chunk.ts';
import { toChunkResult } from './incoming.ts';
import type { Stretch } from './stretch.ts';
import type { Collected, SubmissionOutput } from './submission-output.ts';

/** Records of a file that were found here, malformed ones too. */
export class RecordStretch implements Stretch {
  readonly #records: readonly FileRecord[];

  /** @param records One at least. */
  constructor(records: readonly FileRecord[]) {
    this.#records = records;
  }

  get number(): number {
    return this.#records[0]!.ordinal;
  }

  get count(): number {
    return this.#records.length;
  }

  content(collected: Collected): ChunkContent {
    const wanted = this.#records.filter(({ malformed, ordinal }) => malformed === undefined && !collected.has(ordinal));
    return { records: wanted.map(toChunkRecord) };
  }

  async write(results: Readonly<Record<string, Buffer>>, output: SubmissionOutput): Promise<void> {
    for (const record of this.#records) {
      if (output.collected.has(record.ordinal)) continue;
      const full = output.add(toDone(record, results[record.ordinal]));
      if (full !== undefined) await full;
    }
  }
}

function toChunkRecord({ ordinal: index, input, options, plugin }: FileRecord): ChunkRecord {
  return { index, input, ...(options.length > 0 && { options }), ...(plugin !== undefined && { plugin }) };
}

function toDone(record: FileRecord, value: Buffer | undefined): Done {
  if (record.malformed !== undefined) {
    return { record, response: undefined, error: malformedError(record), attempts: 0 };
  }
  const result = toChunkResult(record.ordinal, value!.toString('utf8'));
  if ('response' in result) return { record, response: result.response, error: undefined, attempts: 1 };
  return { record, response: undefined, error: errorOf(result), attempts: result.attempts };
}
