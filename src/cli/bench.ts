import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import type { BenchOptions } from './bench/measure.ts';
import { configOption, countOption, importOption, requestOption, sandboxOption } from './options.ts';

const SCENARIOS = ['throughput', 'latency', 'instantiate', 'memory-per-instance'];

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool bench redact.wasm --input 'mail ada@example.org' --json before.json
  $ wasm-plugin-pool bench redact.wasm --input 'mail ada@example.org' --compare before.json

Each candidate runs in a process of its own. Nothing else should run meanwhile.`;

/** `bench`: what a plugin of the user's costs here. */
export function benchCommand(): Command {
  const count = { min: 1, max: 1_000_000 };
  return new Command('bench')
    .description('Measure throughput, latency, starts and memory of a plugin.')
    .argument('<plugin>', 'the path of a component')
    .option('--input <text>', 'the input of every request', 'sixteen bytes ok')
    .addOption(requestOption('option of every request; may be repeated'))
    .addOption(configOption())
    .addOption(importOption())
    .addOption(sandboxOption())
    .addOption(new Option('--scenario <name...>', 'measure these only').choices(SCENARIOS))
    .addOption(
      new Option('--effort <effort>', 'how long to measure').choices(['quick', 'default', 'full']).default('default'),
    )
    .addOption(
      countOption('--threads <count>', 'worker threads', { min: 1, max: 1_024 }).default(availableParallelism()),
    )
    .addOption(countOption('--rounds <count>', 'rounds of each case; six and more can tell a difference', count))
    .addOption(countOption('--round-ms <count>', 'milliseconds of each round', count))
    .option('--json <file>', 'write the report as JSON')
    .option('--report <file>', 'write it as one page of HTML with plots')
    .option('--compare <file>', 'show what has changed since that report')
    .addHelpText('after', EXAMPLES)
    .action(async (plugin: string, options: BenchOptions) => {
      // The other commands do not wait until all this is loaded.
      const { bench } = await import('./bench/measure.ts');
      process.exitCode = await bench(plugin, options);
    });
}
