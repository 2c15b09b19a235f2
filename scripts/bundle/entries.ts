import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const find = (pattern: string): string[] => globSync(pattern, { cwd: ROOT });

/** The sources of what `package.json` offers to import and to run. */
function offered(): string[] {
  const { exports, bin } = JSON.parse(read('package.json'));
  const targets = [...Object.values<string | { readonly default: string }>(exports), ...Object.values<string>(bin)];
  return targets
    .map((target) => (typeof target === 'string' ? target : target.default).replace(/^\.\//, ''))
    .filter((target) => target.startsWith('dist/'))
    .map((target) => target.replace(/^dist\/(.*)\.js$/, '$1.ts'));
}

/** The sources that the code asks for by their paths. */
function named(): string[] {
  const sources = find('{src,workers}/**/*.ts').map(read);
  return sources.flatMap((text) => [...text.matchAll(/\bcodeFile\('([^']+)'\)/g)].map(([, path]) => `${path}.ts`));
}

/** What the processes of the benchmark load by its path. */
export const BENCHMARK: readonly string[] = find('src/bench/{contestant-process,candidates/*,scenarios/*}.ts');

/** What is loaded into somebody else's code: by workers, and inside of plugins. */
const BY_OTHERS: readonly string[] = ['src/host/imports/host-module.ts', 'src/guest/define-plugin.ts'];

/** What programs import, the command line, and two files that the tests of the installed package take. */
export const LIBRARY: readonly string[] = [...offered(), 'src/engine.ts', 'src/errors.ts'].filter(
  (path) => !BY_OTHERS.includes(path),
);

/** What has a thread or a process of its own, or is loaded by somebody else's code. */
export const ALONE: readonly string[] = [...new Set([...find('workers/*-worker.ts'), ...BY_OTHERS, ...named()])].filter(
  (path) => !LIBRARY.includes(path) && !BENCHMARK.includes(path),
);
