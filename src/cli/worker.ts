import { Command } from 'commander';
import { invalidArgument } from '../arguments/arguments.ts';
import type { RequestOptions } from '../contract/values.ts';
import { startWorker, type WorkerOptions } from '../distributed/index.ts';
import { interruptible } from './interrupt.ts';
import { metricsPortOption, serveMetrics } from './metrics-server.ts';
import {
  countOption,
  GRACE_SECONDS,
  graceOption,
  importOption,
  pairs,
  queueOptions,
  readSandbox,
  sandboxOption,
} from './options.ts';
import { say } from './output.ts';
import { counted } from './printable.ts';

interface WorkerCommandOptions {
  readonly redis?: string;
  readonly queue?: string;
  readonly chunks?: number;
  readonly concurrency?: number;
  readonly threads?: number;
  readonly lock?: number;
  readonly grace?: number;
  readonly metricsPort?: number;
  readonly tenantRate: RequestOptions;
  readonly sandbox: string;
  readonly import: RequestOptions;
  readonly quiet?: true;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool worker --redis redis://queue.example.org
  $ wasm-plugin-pool worker --threads 4 --sandbox policy.json --tenant-rate acme=1000`;

/** `worker`: runs chunks of distributed batches. */
export function workerCommand(): Command {
  const command = new Command('worker')
    .description('Run chunks of batches that others submit, until SIGTERM or Ctrl-C.')
    .addOption(
      countOption('--threads <n>', 'worker threads (default: the number of processors)', { min: 1, max: 1024 }),
    )
    .addOption(countOption('--chunks <n>', 'chunks at once (default: 2)', { min: 1, max: 1000 }))
    .addOption(countOption('--concurrency <n>', 'records in flight of each chunk (default: 256)', { min: 1, max: 1e6 }))
    .addOption(
      countOption('--lock <ms>', 'when the chunk of a lost worker goes to another (default: 30000)', {
        min: 100,
        max: 3_600_000,
      }),
    )
    .addOption(graceOption())
    .addOption(metricsPortOption())
    .addOption(pairs('--tenant-rate <tenant=n>', 'records that a tenant may run in a second; may be repeated'))
    .addOption(sandboxOption())
    .addOption(importOption())
    .option('--quiet', 'leave out what the plugins log')
    .addHelpText('after', EXAMPLES)
    .action(async (options: WorkerCommandOptions) => {
      process.exitCode = await interruptible(async (interrupt) => {
        const worker = await startWorker({
          ...(await workerOptions(options)),
          onTrouble: (what) => say(`${new Date().toISOString()} ${what}`),
        });
        if (!options.quiet) {
          worker.engine.on('plugin:log', ({ level, message }) => say(`[${level}] ${message}`));
        }
        const metrics =
          options.metricsPort === undefined ? undefined : await serveMetrics(options.metricsPort, worker.engine);
        say('Waiting for chunks.');
        await new Promise<void>((resolve) => {
          if (interrupt.signal.aborted) resolve();
          interrupt.signal.addEventListener('abort', () => resolve(), { once: true });
        });
        say('Giving back what is not done.');
        await worker.drain();
        await metrics?.close();
        const { records, chunks } = worker.status();
        say(`${counted(records, 'record')} in ${counted(chunks, 'chunk')}`);
        // To be asked to end is how a worker ends.
        return 0;
      }, options.grace ?? GRACE_SECONDS);
    });
  for (const option of queueOptions()) command.addOption(option);
  return command;
}

async function workerOptions(options: WorkerCommandOptions): Promise<WorkerOptions> {
  const { redis, queue, chunks, concurrency, threads, lock, grace, tenantRate } = options;
  const rates = tenantRate.map(([tenant, text]): [string, number] => {
    const rate = Number(text);
    if (!(rate > 0)) throw invalidArgument('--tenant-rate', 'tenant=records in a second', text);
    return [tenant, rate];
  });
  return {
    sandbox: await readSandbox(options.sandbox),
    imports: Object.fromEntries(options.import),
    engine: threads === undefined ? {} : { threads },
    tenantRates: Object.fromEntries(rates),
    ...(redis !== undefined && { redis }),
    ...(queue !== undefined && { queue }),
    ...(chunks !== undefined && { chunks }),
    ...(concurrency !== undefined && { concurrency }),
    ...(lock !== undefined && { lockMs: lock }),
    graceMs: (grace ?? GRACE_SECONDS) * 1000,
  };
}
