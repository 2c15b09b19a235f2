/** Who takes part, by name: the modules that run them. The engine comes first, and is what the others are compared with. */
export const CANDIDATES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['engine', '../src/bench/candidates/engine.ts'],
    ['Piscina, default', './peers/piscina-default.ts'],
    ['Piscina, best', './peers/piscina-best.ts'],
    ['jco, main thread', './peers/jco-main-thread.ts'],
    ['function', './peers/function.ts'],
  ].map(([name, path]) => [name!, new URL(path!, import.meta.url).href]),
);
