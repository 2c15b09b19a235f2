import type { Submit, SubmitMany } from '../submit.ts';
import type { UsedPlugin } from './batch-recipe.ts';
import { lookAtFiles } from './files.ts';
import { assertReadable } from './first-records.ts';
import { BatchInputs } from './inputs.ts';
import type { ResolvedFileBatchOptions } from './options.ts';
import { Reasons } from './reasons.ts';
import { RecordFlow, type RecordSink } from './record-flow.ts';
import type { Done } from './result-line.ts';
import { type BatchSummary, Tally } from './tally.ts';

/**
 * Runs the first records and writes nothing. The files are looked at as a run would, so that what it would be refused for is
 * said here.
 *
 * @throws {PluginError} As a run does before its first record.
 */
export async function dryRun(
  given: ResolvedFileBatchOptions,
  plugins: readonly UsedPlugin[],
  submit: Submit,
  submitMany: SubmitMany,
): Promise<BatchSummary> {
  await lookAtFiles(given, plugins);
  await assertReadable(given);
  const limit = Math.min(given.selection.limit, given.dryRun!);
  const options = { ...given, atMostOnce: false, selection: { ...given.selection, limit } };
  const { interrupt } = options;
  const tally = new Tally();
  const reasons = new Reasons();
  const count = {
    add: (done: Done): void => {
      tally.add(done);
      reasons.add(done);
    },
  };
  const input = await BatchInputs.open(options.inputs, { interrupt });
  const flow = new RecordFlow(options, input, submit, submitMany, NOWHERE, count, 0);
  const stop = (): void => input.close();
  interrupt?.addEventListener('abort', stop, { once: true });
  if (interrupt?.aborted) stop();
  try {
    await flow.run();
  } finally {
    interrupt?.removeEventListener('abort', stop);
    await flow.stop();
    input.close();
  }
  return { ...tally.summary(flow.progress(), interrupt?.aborted ?? false), dryRun: true, reasons: reasons.list };
}

/** Takes results and does nothing with them. */
const NOWHERE: RecordSink = {
  done: { has: () => false },
  add: () => undefined,
  begin: async () => {},
};
