import { findPackageJSON } from 'node:module';

const OPTIONAL = new URL('./peers/optional/', import.meta.url).href;

/** Somebody who takes part. */
interface Entry {
  readonly module: string;
  /** A package of `peers/optional`. */
  readonly needs?: string;
}

/** Who takes part. The engine comes first: it is what the others are compared with. */
const ENTRIES: Readonly<Record<string, Entry>> = {
  engine: { module: '../src/bench/candidates/engine.ts' },
  'Piscina, default': { module: './peers/piscina-default.ts' },
  'Piscina, best': { module: './peers/piscina-best.ts' },
  'jco, main thread': { module: './peers/jco-main-thread.ts' },
  function: { module: './peers/function.ts' },
  'shared library': { module: './peers/optional/shared-library.ts', needs: 'koffi' },
  Lua: { module: './peers/optional/lua.ts', needs: 'wasmoon' },
  gRPC: { module: './peers/optional/grpc.ts', needs: '@grpc/grpc-js' },
  Extism: { module: './peers/optional/extism.ts', needs: '@extism/extism' },
};

/** The modules that run the candidates, by name. */
export const CANDIDATES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ENTRIES).map(([name, { module }]) => [name, new URL(module, import.meta.url).href]),
);

/** Those that cannot take part here, and why. */
export function unavailableCandidates(): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, { needs }] of Object.entries(ENTRIES)) {
    if (needs !== undefined && !isInstalled(needs))
      found.set(name, `${needs} is not installed; \`npm run bench:peers\` does it`);
  }
  return found;
}

/** What candidates are made of, each with where it is installed, for the versions in the report. */
export function candidatePackages(): Record<string, string> {
  const optional = Object.values(ENTRIES).flatMap(({ needs }) => (needs === undefined ? [] : [[needs, OPTIONAL]]));
  return {
    piscina: import.meta.url,
    '@bytecodealliance/jco-transpile': import.meta.url,
    ...Object.fromEntries(optional),
  };
}

function isInstalled(name: string): boolean {
  try {
    return findPackageJSON(name, OPTIONAL) !== undefined;
  } catch {
    return false;
  }
}
