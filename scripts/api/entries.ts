import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';

/** What a program imports, and the source that it gets. A comment with `@module` at the head of each says what it is for. */
export const ENTRIES: ReadonlyMap<string, string> = new Map(
  Object.entries<{ readonly types?: string }>(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).exports)
    .filter(([, { types }]) => types !== undefined)
    .map(([name, { types }]) => [
      name.replace(/^\./, 'wasm-plugin-pool'),
      types!.replace(/^\.\/dist\/(.*)\.d\.ts$/, '$1.ts'),
    ]),
);

/** What a source exports, by its own lines: `export { a, type B } from …`, and `export class C …`. */
export function exportsOf(source: string): string[] {
  const text = readFileSync(join(ROOT, source), 'utf8');
  const passedOn = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) =>
    names!.split(',').map((name) => name.trim().replace(/^type /, '')),
  );
  const own = [...text.matchAll(/^export (?:class|function|interface|type|const) (\w+)/gm)].map(([, name]) => name!);
  return [...passedOn, ...own].filter((name) => name !== '');
}
