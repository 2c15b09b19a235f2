import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { invalidArgument } from '../../arguments/arguments.ts';
import { shownName } from '../../component/names.ts';
import { unknownImport } from '../../contract/match.ts';
import { type Need, offerFor } from '../../contract/needs.ts';

/**
 * What the embedder supplies to a plugin, by the names of WIT interfaces, `acme:math/hash@1.0.0`, or of functions that a
 * world imports by themselves. A name without a version stands for every version; else a release supplies those that
 * are compatible with it.
 *
 * The value is a module of the host's own, as a `file:` URL or a path. Each worker loads it, so that it runs beside the
 * guest: at the price of a function call, synchronously, and within the limits of the call.
 */
export type EmbedderImports = Readonly<Record<string, URL | string>>;

/** An import of a component, and the module that supplies it. */
export interface SuppliedImport extends Need {
  /** A `file:` URL. */
  readonly module: string;
}

/** Modules by the names of what they supply, resolved when they are given. */
export type Offers = ReadonlyMap<string, string>;

const HINT =
  'Give modules whose exports are the functions: `{ "acme:math/hash": new URL("./hash.ts", import.meta.url) }`, or a path.';

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for what is no path and no `file:` URL. */
export function resolveImports(imports: unknown): Offers {
  if (imports === undefined) return new Map();
  if (typeof imports !== 'object' || imports === null || Array.isArray(imports)) {
    throw invalidArgument('imports', 'an object with a module for each interface', imports, HINT);
  }
  return new Map(Object.entries(imports).map(([name, module]) => [name, moduleUrl(`imports[${name}]`, module)]));
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
 * @throws {PluginError} `ERR_UNKNOWN_IMPORT` for the first need that nobody meets.
 */
export function supply(needs: readonly Need[], offers: Offers): readonly SuppliedImport[] {
  return needs.map((need) => {
    const offer = offerFor(need.name, offers.keys());
    if (offer !== undefined) return { ...need, module: offers.get(offer)! };
    throw unknownImport(need.name, need.kind, otherVersions(need.name, offers));
  });
}

/** What to do when the embedder supplies the interface in a version that does not fit. */
function otherVersions(name: string, offers: Offers): string | undefined {
  const unversioned = name.split('@')[0];
  const near = [...offers.keys()].find((offer) => offer.split('@')[0] === unversioned);
  return near && `\`imports\` has ${shownName(near)}, which is not compatible with it.`;
}
