import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { invalidArgument } from '../../arguments/arguments.ts';
import { lowerCamel } from '../../component/js-names.ts';
import { shownName } from '../../component/names.ts';
import { unknownImport } from '../../contract/match.ts';
import { type Need, offerFor } from '../../contract/needs.ts';
import { PluginError } from '../../errors.ts';
import { BackedModule } from './backed-module.ts';
import type { HostFunctions, MainThreadFunction, MainThreadFunctions } from './main-thread.ts';

/**
 * What the embedder supplies to a plugin, by the names of WIT interfaces, `acme:math/hash@1.0.0`, or of functions that a
 * world imports by themselves. A name without a version stands for every version; else a release supplies those that
 * are compatible with it.
 *
 * A module of the host's own, as a `file:` URL or a path, is loaded by each worker: its functions run beside the guest, at
 * the price of a function call, synchronously. Functions themselves, in camel case, run on the main thread, where the
 * rest of the program is, and may be asynchronous: the guest waits, which costs it wall time and no CPU time. A
 * {@link BackedModule} is a module that may ask such functions.
 *
 * @example
 * const imports: EmbedderImports = {
 *   'acme:store/kv@1.0.0': { get: async (key: string) => `value of ${key}` },
 *   'acme:math/hash': new URL('./hash.js', import.meta.url),
 * };
 * await engine.loadPlugin('shop', 'shop.wasm', { world: 'any', imports });
 */
export type EmbedderImports = Readonly<
  Record<string, URL | string | BackedModule | MainThreadFunctions | MainThreadFunction>
>;

/** An import of a component, and who supplies it. */
export interface SuppliedImport extends Need {
  /** A `file:` URL; undefined for functions of the main thread. */
  readonly module: string | undefined;
  /** Whether a module asks functions of the main thread. */
  readonly asks?: true;
}

/** What supplies the imports of one plugin, as it is linked. */
export interface Supply {
  readonly imports: readonly SuppliedImport[];
  /** The functions of the main thread, by the names under which the component imports them. */
  readonly functions: HostFunctions;
}

/** What is offered, by its names; resolved when it is given. */
export type Offers = ReadonlyMap<string, Offer>;

type Offer = string | BackedModule | MainThreadFunctions;

const HINT =
  'Give functions, `{ "acme:store/kv": { get: async (key) => … } }`, or the module that exports them: a path, or a `file:` URL.';

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for what is no path and no `file:` URL. */
export function resolveImports(imports: unknown): Offers {
  if (imports === undefined) return new Map();
  if (typeof imports !== 'object' || imports === null || Array.isArray(imports)) {
    throw invalidArgument('imports', 'an object with functions or a module for each interface', imports, HINT);
  }
  return new Map(Object.entries(imports).map(([name, offer]) => [name, offerOf(`imports[${name}]`, name, offer)]));
}

function offerOf(option: string, name: string, offer: unknown): Offer {
  if (offer instanceof BackedModule) {
    assertFunctions(`${option}.functions`, offer.functions);
    moduleUrl(`${option}.module`, offer.module);
    return offer;
  }
  if (typeof offer === 'function') return { [lowerCamel(name)]: offer as MainThreadFunction };
  if (typeof offer !== 'object' || offer === null || offer instanceof URL) return moduleUrl(option, offer);
  assertFunctions(option, offer);
  return offer as MainThreadFunctions;
}

function assertFunctions(option: string, functions: object): void {
  for (const [key, func] of Object.entries(functions)) {
    if (typeof func !== 'function') throw invalidArgument(`${option}.${key}`, 'a function', func, HINT);
  }
}

function moduleUrl(option: string, module: unknown): string {
  if (module instanceof URL || (typeof module === 'string' && module.startsWith('file:'))) {
    if (!URL.canParse(String(module)) || new URL(module).protocol !== 'file:') {
      throw invalidArgument(option, 'a `file:` URL or a path', module, HINT);
    }
    return String(module);
  }
  if (typeof module !== 'string' || module === '')
    throw invalidArgument(option, 'a `file:` URL or a path', module, HINT);
  return pathToFileURL(resolve(module)).href;
}

/**
 * Finds who supplies what a component needs.
 *
 * @param own What its load offers, which comes first.
 * @param shared What it is offered with others.
 * @throws {PluginError} `ERR_UNKNOWN_IMPORT` for the first need that nobody meets, `ERR_INVALID_ARGUMENT` for resources
 * that functions of the main thread should supply.
 */
export function supply(needs: readonly Need[], own: Offers, shared: Offers): Supply {
  const functions = new Map<string, MainThreadFunctions>();
  const imports = needs.map((need): SuppliedImport => {
    const { name, kind } = need;
    const offer = meeting(name, own) ?? meeting(name, shared);
    if (offer === undefined) throw unknownImport(name, kind, otherVersions(name, [...own.keys(), ...shared.keys()]));
    if (typeof offer === 'string') return { ...need, module: offer };
    if (offer instanceof BackedModule) {
      functions.set(name, offer.functions);
      return { ...need, module: offer.module.href, asks: true };
    }
    functions.set(name, checked(need, offer));
    return { ...need, module: undefined };
  });
  return { imports, functions };
}

/** For a plugin whose calls are answered without those who would supply them. */
export function suppliedByNobody(needs: readonly Need[]): Supply {
  return { imports: needs.map((need) => ({ ...need, module: undefined })), functions: new Map() };
}

function meeting(name: string, offers: Offers): Offer | undefined {
  const key = offerFor(name, offers.keys());
  return key === undefined ? undefined : offers.get(key);
}

/** Every function has to be there when the plugin is loaded: not found later, by some request. */
function checked({ name, functions }: Need, offered: MainThreadFunctions): MainThreadFunctions {
  for (const wanted of functions) {
    if (wanted.startsWith('[')) {
      throw new PluginError(
        'ERR_INVALID_ARGUMENT',
        `${shownName(wanted)} of ${shownName(name)} is a resource's, and functions of the main thread cannot supply resources`,
        { hint: 'Supply the interface from a module, whose classes are its resources.' },
      );
    }
    const key = lowerCamel(wanted);
    if (Object.hasOwn(offered, key)) continue;
    throw new PluginError(
      'ERR_UNKNOWN_IMPORT',
      `The component imports ${shownName(wanted)} of ${shownName(name)}, which \`imports\` lacks`,
      { hint: `It has ${Object.keys(offered).map(shownName).join(', ') || 'nothing'}; \`${key}\` is looked for.` },
    );
  }
  return offered;
}

/** What to do when the embedder supplies the interface in a version that does not fit. */
function otherVersions(name: string, offers: readonly string[]): string | undefined {
  const unversioned = name.split('@')[0];
  const near = offers.find((offer) => offer.split('@')[0] === unversioned);
  return near && `\`imports\` has ${shownName(near)}, which is not compatible with it.`;
}
