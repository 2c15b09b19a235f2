import type { BatchSummary } from '../../batch/file/tally.ts';
import { count, counted } from '../printable.ts';

/** A summary for a reader, to be pasted into a ticket: one line, one for each code, one for each plugin. */
export function describeSummary(summary: BatchSummary): string[] {
  const {
    records,
    succeeded,
    refused,
    failed,
    errors,
    seconds,
    recordsPerSecond,
    interrupted,
    resumed,
    retried,
    poison,
    unlucky,
  } = summary;
  const parts = [
    `${count(succeeded)} succeeded`,
    ...(refused > 0 ? [`${count(refused)} refused by the plugin`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(retried > 0 ? [`${counted(retried, 'attempt')} again`] : []),
    ...(resumed > 0 ? [`${count(resumed)} by earlier runs`] : []),
  ];
  const pace = `${seconds.toFixed(2)} s, ${count(recordsPerSecond)} a second`;
  return [
    `${interrupted ? 'Interrupted: ' : ''}${counted(records, 'record')} in ${pace}: ${parts.join(', ')}`,
    ...columns(Object.entries(errors).map(([code, times]) => [code, count(times)])),
    ...(poison > 0
      ? [`  ${counted(poison, 'poison record')}: failed each time, so that another run will not help`]
      : []),
    ...(unlucky > 0
      ? [`  ${counted(unlucky, 'unlucky record')}: failed for what is not their own; run them again`]
      : []),
    ...columns(
      summary.plugins.map(({ plugin, calls, latencyMs: { mean, p50, p99, max } }) => [
        plugin,
        counted(calls, 'call'),
        ...Object.entries({ mean, p50, p99, max }).map(([name, value]) => `${name} ${value.toFixed(2)} ms`),
      ]),
    ),
  ];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd());
}
