import { Buffer } from 'node:buffer';
import { analyzeComponent } from '../component/analyze.ts';
import { shownName } from '../component/names.ts';
import { parseComponent } from '../component/parse.ts';
import { parseInterfaceName } from '../contract/interface-name.ts';
import type { OwnWorld } from '../contract/own-world.ts';
import { PluginError } from '../errors.ts';
import { nameOf, packageOf, type WitContent } from './wit-text.ts';

/** The worlds of an embedder's own, one of which a component has to fit. */
export interface OwnWorlds {
  /** `acme:app/plugin`, with as much of a version as tells which. */
  readonly names: readonly string[];
  readonly wit: readonly WitContent[];
}

/**
 * The worlds as components have them: a component that has the world's imports and exports and does nothing is made and
 * analysed, so that nothing here reads WIT by itself. For the compile worker: the tools take their time, and may panic.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT` for WIT that is none, and for a world that is not there.
 */
export async function readOwnWorlds({ names, wit }: OwnWorlds): Promise<readonly OwnWorld[]> {
  // Few components are held against worlds of an embedder's.
  const tools = await import('../jco/wasm-tools.ts');
  const documents: Document[] = [];
  for (const content of wit) {
    const text =
      'text' in content ? content.text : await said(() => tools.componentWit(Buffer.from(content.base64, 'base64')));
    documents.push({ text, name: '', version: undefined, ...packageOf(text) });
  }
  const worlds: OwnWorld[] = [];
  for (const name of names) {
    const { document, world } = find(name, documents);
    const embedded = await said(() => tools.componentEmbed({ witSource: document.text, world, dummy: true }));
    const bytes = await said(() => tools.componentNew(embedded, []));
    const { imports, exports } = analyzeComponent(parseComponent(Uint8Array.from(bytes)));
    worlds.push({
      name: nameOf(`${document.name}/${world}`, document.version),
      imports,
      exports,
    });
  }
  return worlds;
}

interface Document {
  readonly text: string;
  readonly name: string;
  readonly version: string | undefined;
}

function find(name: string, documents: readonly Document[]): { readonly document: Document; readonly world: string } {
  const parsed = parseInterfaceName(name);
  if (parsed === undefined) {
    throw new PluginError('ERR_INVALID_ARGUMENT', `${shownName(name)} is not the name of a world`, {
      hint: "A world is named `namespace:package/world`, with as much of a version as tells which: 'acme:app/plugin@1'.",
    });
  }
  const document = documents.find(
    (candidate) => candidate.name === parsed.package && isVersion(candidate.version, parsed.version),
  );
  if (document !== undefined) return { document, world: parsed.interface };
  const packages = documents.map(({ name: other, version }) => nameOf(other, version));
  throw new PluginError('ERR_INVALID_ARGUMENT', `The WIT has no package for the world ${shownName(name)}`, {
    hint: `It has ${packages.map(shownName).join(', ')}.`,
  });
}

function isVersion(version: string | undefined, asked: string | undefined): boolean {
  return asked === undefined || version === asked || version?.startsWith(`${asked}.`) === true;
}

/** What the tools say of WIT that they do not take. */
async function said<Result>(tool: () => Promise<Result>): Promise<Result> {
  try {
    return await tool();
  } catch (error) {
    const { payload } = error as { readonly payload?: unknown };
    if (typeof payload !== 'string') throw error;
    throw new PluginError('ERR_INVALID_ARGUMENT', `The WIT is not valid: ${payload}`, {
      hint: 'Have `wasm-tools component wit` look at it.',
    });
  }
}
