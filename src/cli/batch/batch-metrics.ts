import type { FileBatchProgress } from '../../batch/file/options.ts';

/** How far a batch is, in the text format of Prometheus. */
export function batchMetrics(progress: FileBatchProgress | undefined): string {
  if (progress === undefined) return '';
  const { succeeded, refused, failed, inFlight, bytesRead, bytesTotal, oldest } = progress;
  const outcomes = Object.entries({ success: succeeded, unsuccessful: refused, error: failed });
  return [
    ...of(
      'records_total',
      'counter',
      'Records that are done, of all runs',
      outcomes.map(([outcome, count]) => [`{outcome="${outcome}"}`, count]),
    ),
    ...of('records_in_flight', 'gauge', 'Records in flight', [['', inFlight]]),
    ...of('input_bytes_read', 'gauge', 'Bytes of the input that were read', [['', bytesRead]]),
    ...(bytesTotal === undefined ? [] : of('input_bytes', 'gauge', 'Bytes of the input', [['', bytesTotal]])),
    ...of('oldest_record_seconds', 'gauge', 'How long the record in flight that waits for longest has waited', [
      ['', oldest?.seconds ?? 0],
    ]),
  ].join('');
}

function of(name: string, type: string, help: string, values: readonly (readonly [string, number])[]): string[] {
  const full = `wasm_plugin_pool_batch_${name}`;
  return [
    `# HELP ${full} ${help}.\n# TYPE ${full} ${type}\n`,
    ...values.map(([labels, value]) => `${full}${labels} ${value}\n`),
  ];
}
