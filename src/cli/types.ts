import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { readComponent } from './component.ts';
import { Failure, fileFailure } from './failure.ts';
import { print } from './output.ts';
import { pluginName } from './session.ts';
import { declarationsOf } from './types/declarations.ts';

interface TypesOptions {
  readonly name?: string;
  readonly out?: string;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool types redact.wasm > redact.d.ts
  $ wasm-plugin-pool types geo.wasm --name geo --out src/geo.d.ts

With the file in a project, engine.call('redact', 'namespace:package/interface@1.0.0#function', [...]) knows the types.`;

/** `types`: what a component exports, for hosts in TypeScript. */
export function typesCommand(): Command {
  return new Command('types')
    .description('Write the TypeScript declarations of what a component exports, for `engine.call`.')
    .argument('<component>', 'the path of a component; it need not be a plugin')
    .option('--name <name>', 'the name under which it will be loaded (default: that of the file)')
    .option('--out <file>', 'where to put them (default: standard output)')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, { name = pluginName(path), out }: TypesOptions) => {
      const { analysis, sha256 } = await readComponent(path);
      if (name === '') throw new Failure(2, 'Expected `--name` not to be empty.');
      const text = declarationsOf(analysis, { name, sha256 });
      if (out === undefined) await print(text);
      else {
        await writeFile(out, text).catch((error: unknown) => {
          throw fileFailure('write', out, error);
        });
      }
      process.exitCode = 0;
    });
}
