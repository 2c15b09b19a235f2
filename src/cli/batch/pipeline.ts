import { checkFileBatch } from '../../batch/file/file-batch.ts';
import type { InputFormat, OutputFormat } from '../../batch/file/format.ts';
import type { FileBatchOptions } from '../../batch/file/options.ts';
import type { BatchOptions } from '../../batch/options.ts';
import type { PluginEngine } from '../../engine.ts';
import type { RequestOptions } from '../../protocol.ts';
import type { Sandbox } from '../../sandbox/policy.ts';
import { type ExitStatus, unusable } from '../failure.ts';
import { type Interrupt, interruptible } from '../interrupt.ts';
import { printJson, say } from '../output.ts';
import { counted } from '../printable.ts';
import { pluginName, withPlugin } from '../session.ts';
import { Progress } from './progress.ts';
import { describeSummary } from './summary.ts';

/** The options of the `batch` command. */
export interface BatchCommandOptions {
  readonly input: string;
  readonly output: string;
  readonly deadLetter?: string;
  readonly inputFormat?: InputFormat;
  readonly outputFormat?: OutputFormat;
  readonly then: readonly string[];
  readonly plugin: RequestOptions;
  readonly concurrency?: number | 'adaptive';
  readonly threads?: number;
  readonly ordered?: true;
  readonly deadline?: number;
  readonly retries?: number;
  readonly idempotent?: true;
  readonly resume?: true;
  readonly atMostOnce?: true;
  readonly retryDeadLetters?: true;
  readonly journal: string | boolean;
  readonly option: RequestOptions;
  readonly config: RequestOptions;
  readonly sandbox: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** Malformed lines that are named on stderr one by one; a wrong file has millions of them. */
const NAMED_LINES = 100;
/** Milliseconds between two looks of a progress bar at the numbers. */
const INTERVAL_MS = 100;

/** Runs the `batch` command: loads the plugins, runs the file, and says at the end how it went. */
export function runBatchCommand(path: string, options: BatchCommandOptions, sandbox: Sandbox): Promise<ExitStatus> {
  return interruptible(async (interrupt) => {
    const { config, threads, quiet = false, json, output } = options;
    const progress = new Progress(!quiet);
    const engineOptions = threads === undefined ? {} : { threads };
    try {
      const session = { source: path, name: pluginName(path), sandbox, config, engine: engineOptions, quiet };
      await checkFileBatch(fileOptions(undefined, [], options, sandbox, interrupt, progress));
      // The plugins first: one that does not load must not cost the results of an earlier run.
      const summary = await withPlugin(session, async (engine, { name }) => {
        const chain = await loadOthers(engine, options, sandbox);
        announceInterrupt(interrupt, progress);
        return engine.batchFiles(fileOptions(name, chain, options, sandbox, interrupt, progress));
      });
      progress.stop();
      if (json && output !== '-') await printJson(summary);
      else if (json) say(JSON.stringify(summary));
      else for (const line of describeSummary(summary)) say(line);
      if (summary.interrupted && options.output !== '-' && options.journal !== false)
        say('Run it again with --resume to go on.');
      return interrupt.status ?? (summary.succeeded === summary.records ? 0 : 1);
    } finally {
      progress.stop();
    }
  });
}

/** Loads the plugins of `--then`, and those that records may name. Returns the names of the chain. */
async function loadOthers(engine: PluginEngine, options: BatchCommandOptions, sandbox: Sandbox): Promise<string[]> {
  const config = Object.fromEntries(options.config);
  const load = async (name: string, path: string): Promise<void> => {
    await engine.loadPlugin(name, path, { sandbox, config }).catch((error: unknown) => {
      throw unusable(error);
    });
  };
  for (const [name, path] of options.plugin) await load(name, path);
  const chain: string[] = [];
  for (const path of options.then) {
    const name = pluginName(path);
    if (!engine.listPlugins().some((plugin) => plugin.name === name)) await load(name, path);
    chain.push(name);
  }
  return chain;
}

function fileOptions(
  plugin: string | undefined,
  chain: readonly string[],
  options: BatchCommandOptions,
  sandbox: Sandbox,
  interrupt: Interrupt,
  progress: Progress,
): FileBatchOptions {
  const { input, output, deadLetter, inputFormat, outputFormat, concurrency, deadline, retries, journal } = options;
  let malformed = 0;
  return {
    ...(plugin !== undefined && { plugin }),
    chain,
    input,
    output,
    ordered: options.ordered ?? false,
    idempotent: options.idempotent ?? false,
    resume: options.resume ?? false,
    atMostOnce: options.atMostOnce ?? false,
    retryDeadLetters: options.retryDeadLetters ?? false,
    options: options.option,
    identity: { config: options.config, sandbox },
    interrupt: interrupt.signal,
    progressIntervalMs: INTERVAL_MS,
    onProgress: (state) => progress.update(state),
    onMalformed: (line, reason) => {
      if (++malformed <= NAMED_LINES) say(`Line ${line} is malformed: ${reason}`);
      if (malformed === NAMED_LINES) say('Further malformed lines are counted, and in the output.');
    },
    ...(deadLetter !== undefined && { deadLetter }),
    ...(inputFormat !== undefined && { inputFormat }),
    ...(outputFormat !== undefined && { outputFormat }),
    ...(concurrency !== undefined && { concurrency: concurrency satisfies BatchOptions['concurrency'] }),
    ...(deadline !== undefined && { deadlineMs: deadline }),
    ...(retries !== undefined && { retry: { attempts: retries + 1 } }),
    // `true` is commander's default beside `--no-journal`.
    ...(journal !== true && output !== '-' && { journal: journal as string | false }),
  };
}

function announceInterrupt(interrupt: Interrupt, progress: Progress): void {
  interrupt.signal.addEventListener('abort', () => {
    const { inFlight } = progress;
    if (inFlight > 0) say(`Finishing ${counted(inFlight, 'record')}; interrupt again to stop at once.`);
  });
}
