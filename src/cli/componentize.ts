import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { readRegularFile } from '../arguments/regular-file.ts';
import { type ComponentizeOptions, componentize, WORLD_NAMES } from '../componentize/componentize.ts';
import { fileFailure, unusable } from './failure.ts';
import { print } from './output.ts';
import { byteSize } from './printable.ts';

/** Larger than any core module in use. */
const MAX_CORE_BYTES = 256 * 1024 * 1024;

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool componentize core.wasm plugin.wasm

For compilers that know no components, as clang and Go. A module for WASI 0.1 gets clocks, random numbers and stderr, but no
files; \`wasm-tools component new --adapt\` gives it those.`;

/** `componentize`: a component of a core module. */
export function componentizeCommand(): Command {
  return new Command('componentize')
    .description("Make a component of a core module that exports the contract's functions under their canonical names.")
    .argument('<core>', 'the path of a core module')
    .argument('<plugin>', 'where to put the component')
    .addOption(new Option('--world <world>', 'the world it implements').choices(WORLD_NAMES).default('plugin-world'))
    .addOption(
      new Option('--string-encoding <encoding>', 'how strings lie in its memory')
        .choices(['utf8', 'utf16'])
        .default('utf8'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (core: string, plugin: string, options: ComponentizeOptions) => {
      const bytes = await readRegularFile(core, MAX_CORE_BYTES).catch((error: unknown) => {
        throw fileFailure('read', core, error);
      });
      const component = await componentize(bytes, options).catch((error: unknown) => {
        throw unusable(error);
      });
      await writeFile(plugin, component).catch((error: unknown) => {
        throw fileFailure('write', plugin, error);
      });
      await print(`${plugin}: ${byteSize(component.length)}\n`);
    });
}
