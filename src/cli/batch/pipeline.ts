import { checkFileBatch } from '../../batch/file/file-batch.ts';
import type { FileBatchOptions, FileBatchProgress } from '../../batch/file/options.ts';
import type { BatchOptions } from '../../batch/options.ts';
import type { RequestOptions } from '../../contract/values.ts';
import type { PluginEngine } from '../../engine.ts';
import { PluginError } from '../../errors.ts';
import type { Sandbox } from '../../host/policy/policy.ts';
import { type ExitStatus, unusable } from '../failure.ts';
import { type Interrupt, interruptible } from '../interrupt.ts';
import { serveMetrics } from '../metrics-server.ts';
import { GRACE_SECONDS } from '../options.ts';
import { say } from '../output.ts';
import { counted } from '../printable.ts';
import { withPlugin } from '../session.ts';
import { batchMetrics } from './batch-metrics.ts';
import { describeDryRun } from './dry-run.ts';
import { Patience } from './patience.ts';
import { type NamedPlugins, namePlugins } from './plugin-names.ts';
import { Progress } from './progress.ts';
import { type RecordsCommandOptions, tellSummary, toFileBatch } from './records.ts';

/** The options of the `batch` command. */
export interface BatchCommandOptions extends RecordsCommandOptions {
  readonly concurrency?: number | 'adaptive';
  readonly threads?: number;
  readonly grace?: number;
  readonly metricsPort?: number;
  readonly rate?: number;
  readonly dryRun?: true;
  readonly journal: string | boolean;
  readonly config: RequestOptions;
  readonly import: RequestOptions;
  readonly sandbox: string;
}

/** Runs the `batch` command: loads the plugins, runs the file, and says at the end how it went. */
export function runBatchCommand(
  path: string,
  inputs: readonly string[],
  options: BatchCommandOptions,
  sandbox: Sandbox,
): Promise<ExitStatus> {
  return interruptible(async (interrupt) => {
    const { config, import: imports, threads, quiet = false } = options;
    const progress = new Progress(!quiet);
    let last: FileBatchProgress | undefined;
    const hear = (state: FileBatchProgress): void => {
      last = state;
      progress.update(state);
    };
    const engineOptions = threads === undefined ? {} : { threads };
    const files = toFileBatch(inputs, options, interrupt.signal);
    try {
      const plugins = await namePlugins(path, options.plugin, options.then);
      const session = { source: path, name: plugins.main, sandbox, config, imports, engine: engineOptions, quiet };
      await checkFileBatch(fileOptions(files, undefined, [], options, sandbox, hear));
      // The plugins first: one that does not load must not cost the results of an earlier run.
      const summary = await withPlugin(session, async (engine, { name }) => {
        await loadOthers(engine, plugins, config, sandbox);
        announceInterrupt(interrupt, progress);
        const metrics =
          options.metricsPort === undefined
            ? undefined
            : await serveMetrics(options.metricsPort, engine, () => batchMetrics(last));
        const patience = new Patience(interrupt, options.grace ?? GRACE_SECONDS);
        try {
          const given = fileOptions(files, name, plugins.chain, options, sandbox, hear);
          return await engine.batchFiles({ ...given, signal: patience.signal });
        } catch (error) {
          throw patience.signal.aborted ? gaveUp(error, options) : error;
        } finally {
          patience.end();
          await metrics?.close();
        }
      });
      progress.stop();
      if (summary.dryRun) describeDryRun(summary, files.input, options).forEach(say);
      await tellSummary(summary, options);
      if (summary.resumable) say('Run it again with --resume to go on.');
      return interrupt.status ?? (summary.succeeded === summary.records ? 0 : 1);
    } finally {
      progress.stop();
    }
  }, options.grace ?? GRACE_SECONDS);
}

/** Loads the plugins of `--then`, and those that records may name. */
async function loadOthers(
  engine: PluginEngine,
  { main, paths }: NamedPlugins,
  config: RequestOptions,
  sandbox: Sandbox,
): Promise<void> {
  for (const [name, path] of paths) {
    if (name === main) continue;
    await engine.loadPlugin(name, path, { sandbox, config: Object.fromEntries(config) }).catch((error: unknown) => {
      throw unusable(error);
    });
  }
}

function fileOptions(
  files: ReturnType<typeof toFileBatch>,
  plugin: string | undefined,
  chain: readonly string[],
  options: BatchCommandOptions,
  sandbox: Sandbox,
  onProgress: (progress: FileBatchProgress) => void,
): FileBatchOptions {
  const { output, concurrency, journal, rate, dryRun } = options;
  return {
    ...files,
    ...(plugin !== undefined && { plugin }),
    chain,
    identity: { config: options.config, sandbox },
    onProgress,
    ...(concurrency !== undefined && { concurrency: concurrency satisfies BatchOptions['concurrency'] }),
    ...(rate !== undefined && { rate }),
    ...(dryRun && { dryRun }),
    // `true` is commander's default beside `--no-journal`.
    ...(journal !== true && output !== '-' && { journal: journal as string | false }),
  };
}

/** What runs ended too late: it is run again by whoever resumes. */
function gaveUp(error: unknown, { grace = GRACE_SECONDS }: BatchCommandOptions): unknown {
  if (!(error instanceof PluginError) || error.code !== 'ERR_ABORTED') return error;
  return new PluginError('ERR_ABORTED', `What was running was given up after ${counted(grace, 'second')}`, {
    hint:
      error.hint === undefined
        ? 'Nothing can go on with its output: run it anew.'
        : 'Run it again with --resume to go on.',
  });
}

function announceInterrupt(interrupt: Interrupt, progress: Progress): void {
  interrupt.signal.addEventListener('abort', () => {
    const { inFlight } = progress;
    if (inFlight > 0) say(`Finishing ${counted(inFlight, 'record')}; interrupt again to stop at once.`);
  });
}
