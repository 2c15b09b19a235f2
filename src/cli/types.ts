import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { readOwnWorlds } from '../artifact/own-worlds.ts';
import { readWit } from '../artifact/wit-text.ts';
import type { ExternItem } from '../component/analyze.ts';
import { offeredByEngine } from '../contract/offered.ts';
import { readComponent } from './component.ts';
import { Failure, fileFailure, unusable } from './failure.ts';
import { print } from './output.ts';
import { pluginName } from './session.ts';
import { declarationsOf } from './types/declarations.ts';
import { interfaceDeclarations } from './types/interface-declarations.ts';

interface TypesOptions {
  readonly name?: string;
  readonly out?: string;
  readonly guest?: true;
  readonly host?: true;
  readonly wit?: string;
  readonly world?: string;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool types redact.wasm > redact.d.ts
  $ wasm-plugin-pool types geo.wasm --name geo --out src/geo.d.ts
  $ wasm-plugin-pool types shop.wasm --guest --out shop.d.ts
  $ wasm-plugin-pool types --wit ./wit --world acme:app/plugin --host --out src/imports.d.ts

With the first in a project, engine.call('redact', 'namespace:package/interface@1.0.0#function', [...]) knows the types.
--guest is for engine.plugin<Exports>('shop') and session.exports<Exports>(), --host for what a load has as imports.`;

/** `types`: what a component exports or imports, for hosts in TypeScript. */
export function typesCommand(): Command {
  return new Command('types')
    .description('Write TypeScript declarations of what a component, or a world, exports to a host or imports from it.')
    .argument('[component]', 'the path of a component; it need not be a plugin')
    .option('--name <name>', 'the name under which it will be loaded (default: that of the file)')
    .addOption(
      new Option('--guest', 'what is exported, as `Exports` for `engine.plugin` and sessions').conflicts('host'),
    )
    .option('--host', 'what the host has to supply, as `Imports` for `imports` of a load')
    .option('--wit <path>', 'declare a world of this WIT in the place of a component: a directory or a file')
    .option('--world <world>', 'which one: `acme:app/plugin`')
    .option('--out <file>', 'where to put them (default: standard output)')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string | undefined, options: TypesOptions) => {
      const text = await declarations(path, options);
      const { out } = options;
      if (out === undefined) await print(text);
      else {
        await writeFile(out, text).catch((error: unknown) => {
          throw fileFailure('write', out, error);
        });
      }
      process.exitCode = 0;
    });
}

async function declarations(
  path: string | undefined,
  { name, guest, host, wit, world }: TypesOptions,
): Promise<string> {
  const side = guest ? 'guest' : host ? 'host' : undefined;
  if ((path === undefined) === (wit === undefined))
    throw new Failure(2, 'Expected a component, or `--wit` and `--world`.');
  if ((wit === undefined) !== (world === undefined)) throw new Failure(2, '`--wit` and `--world` go together.');
  if (path === undefined) {
    if (side === undefined) throw new Failure(2, '`--wit` needs `--guest` or `--host`: which side is to be declared?');
    const found = await readWorld(wit!, world!);
    return interfaceDeclarations(
      side === 'guest' ? found.exports : supplied(found.imports),
      side,
      `the world ${found.name}`,
    );
  }
  const { analysis, sha256 } = await readComponent(path);
  if (side === undefined) {
    const loaded = name ?? pluginName(path);
    if (loaded === '') throw new Failure(2, 'Expected `--name` not to be empty.');
    return declarationsOf(analysis, { name: loaded, sha256 });
  }
  if (name !== undefined)
    throw new Failure(2, `\`--name\` does not go with \`--${side}\`: \`engine.plugin\` has the name.`);
  const items = side === 'guest' ? analysis.exports : supplied(analysis.imports);
  return interfaceDeclarations(items, side, `the component with the SHA-256 ${sha256}`);
}

async function readWorld(wit: string, world: string) {
  try {
    const [found] = await readOwnWorlds({ names: [world], wit: [await readWit(wit)] });
    return found!;
  } catch (error) {
    throw unusable(error);
  }
}

/** What is the embedder's to supply: neither WASI nor the contract, but the interfaces whose types the others use. */
function supplied(imports: readonly ExternItem[]): ExternItem[] {
  return imports.filter(({ name }) => !offeredByEngine(name));
}
