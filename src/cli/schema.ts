import { readdir, readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { packageRoot } from '../package/root.ts';
import { Failure } from './failure.ts';
import { print } from './output.ts';

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool schema
  $ wasm-plugin-pool schema policy > policy.schema.json

They lie in the package, too: node_modules/wasm-plugin-pool/schemas. An editor takes them by a file's "$schema".`;

/** `schema`: the JSON Schema of a policy, of a plugin's options, or of what a command prints with `--json`. */
export function schemaCommand(): Command {
  return new Command('schema')
    .description('Print the JSON Schema of a policy, of NAME.json, or of what a command prints with --json.')
    .argument('[name]', 'which one (default: their names)')
    .addHelpText('after', EXAMPLES)
    .action(async (name?: string) => {
      const names = await schemaNames();
      if (name === undefined) await print(`${names.join('\n')}\n`);
      else if (names.includes(name))
        await print(await readFile(new URL(`schemas/${name}.json`, packageRoot()), 'utf8'));
      else throw new Failure(2, `There is no schema \`${name}\`. There are: ${names.join(', ')}.`);
      process.exitCode = 0;
    });
}

async function schemaNames(): Promise<string[]> {
  const files = await readdir(new URL('schemas/', packageRoot()));
  return files.map((file) => file.replace(/\.json$/, '')).sort();
}
