import { type BatchStatus, batchStatus, cancelBatch, listBatches, purgeBatch } from '../../distributed/index.ts';
import type { QueueOptions } from '../../distributed/options.ts';
import { Failure } from '../failure.ts';
import { print, printJson } from '../output.ts';
import { count, counted } from '../printable.ts';

/** What `submit` is asked about batches that were submitted before. */
export interface BatchesCommandOptions {
  /** `true` for all of them. */
  readonly status?: string | true;
  readonly cancel?: string;
  readonly purge?: string;
}

/** Whether nothing is to be submitted. */
export function asksForBatches({ status, cancel, purge }: BatchesCommandOptions): boolean {
  const given = [status, cancel, purge].filter((option) => option !== undefined).length;
  if (given > 1) throw new Failure(2, 'Of --status, --cancel and --purge only one can be asked for.');
  return given === 1;
}

/** Looks at batches of a queue, ends one, or has Redis forget it. */
export async function runBatchesCommand(
  { status, cancel, purge }: BatchesCommandOptions,
  queue: QueueOptions,
  json: boolean,
): Promise<void> {
  if (cancel !== undefined) return tell([await cancelBatch(cancel, queue)], json, 'Cancelled: ');
  if (purge !== undefined) {
    const purged = await purgeBatch(purge, queue);
    if (purged !== undefined) return tell([purged], json, 'Forgotten: ');
    return json ? printJson([]) : print(`The queue knew no batch ${purge}; nothing of it is left.\n`);
  }
  return tell(typeof status === 'string' ? [await batchStatus(status, queue)] : await listBatches(queue), json, '');
}

async function tell(batches: readonly BatchStatus[], json: boolean, what: string): Promise<void> {
  if (json) return printJson(batches);
  if (batches.length === 0) return print('The queue has no batches.\n');
  await print(batches.map((batch) => `${what}${describe(batch)}\n`).join(''));
}

function describe({ batch, state, tenant, since, silentSeconds, chunks, ...records }: BatchStatus): string {
  const { read, succeeded, refused, failed } = records;
  const { waiting, active, delayed, failed: gaveUp } = chunks;
  const done = succeeded + refused + failed;
  const silent = state === 'abandoned' ? `, nobody collects it since ${counted(silentSeconds, 'second')}` : '';
  const parts = [
    `${count(done)} of ${counted(read, 'record')} done`,
    ...(refused + failed > 0 ? [`${count(refused + failed)} without success`] : []),
    `chunks: ${count(waiting)} waiting, ${count(active)} running`,
    ...(delayed > 0 ? [`${count(delayed)} to be tried again`] : []),
    ...(gaveUp > 0 ? [`${count(gaveUp)} given up`] : []),
  ];
  return `${batch}  ${state}${silent}  (tenant ${tenant}, since ${since})\n  ${parts.join(', ')}`;
}
