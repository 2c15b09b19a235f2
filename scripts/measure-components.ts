import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { analyzeComponent } from '../src/component/analyze.ts';
import { parseCoreModule } from '../src/component/core-module.ts';
import {
  type Bound,
  CODE_BOUNDS,
  COMPONENT_BOUNDS,
  type Counted,
  type CountedInCode,
  FUNCTION_BOUNDS,
} from '../src/component/cost/bounds.ts';
import { CodeCost } from '../src/component/cost/code-cost.ts';
import { componentCost } from '../src/component/cost/component-cost.ts';
import { measureFunctions } from '../src/component/cost/module-code.ts';
import { parseComponent } from '../src/component/parse.ts';
import { describe } from '../src/errors.ts';

/*
 * Counts what components and core modules have of all that is bounded before V8 compiles it:
 *
 *     npm run measure -- FILE.wasm …
 *
 * Prints the tables of `docs/limits.md`: the most of each over all files beside its bound, and then each file.
 */

type Counts = Map<Bound, number>;

async function measure(file: string): Promise<{ bytes: number; counts: Counts }> {
  const bytes = new Uint8Array(await readFile(file));
  const modules = isComponent(bytes) ? analyzeComponent(parseComponent(bytes)).modules : [coreModule(bytes)];
  const counts: Counts = new Map();
  const cost = componentCost(bytes, { modules });
  for (const kind of Object.keys(COMPONENT_BOUNDS) as Counted[]) counts.set(COMPONENT_BOUNDS[kind], cost[kind]);
  const code = new CodeCost();
  for (const { module } of modules) {
    for (const { cost } of measureFunctions(bytes, module)) {
      code.add(cost);
      for (const kind of Object.keys(FUNCTION_BOUNDS) as (keyof typeof FUNCTION_BOUNDS)[]) {
        const bound = FUNCTION_BOUNDS[kind];
        counts.set(bound, Math.max(counts.get(bound) ?? 0, cost[kind]));
      }
    }
  }
  for (const kind of Object.keys(CODE_BOUNDS) as CountedInCode[]) counts.set(CODE_BOUNDS[kind], code[kind]);
  return { bytes: bytes.length, counts };
}

function isComponent(bytes: Uint8Array): boolean {
  return bytes[6] === 1;
}

function coreModule(bytes: Uint8Array): ReturnType<typeof analyzeComponent>['modules'][number] {
  const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
  return { index: 0, module, instances: 1, ...module, grows: [] };
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

const bounds = [...[FUNCTION_BOUNDS, CODE_BOUNDS, COMPONENT_BOUNDS].flatMap((all): Bound[] => Object.values(all))];
const measured: { readonly file: string; readonly bytes: number; readonly counts: Counts }[] = [];
for (const file of process.argv.slice(2)) {
  try {
    measured.push({ file: basename(file), ...(await measure(file)) });
  } catch (error) {
    console.error(`${file}: ${describe(error)}`);
    process.exitCode = 1;
  }
}

console.log(row(['`limit.name`', 'counts', 'the most', 'in', 'bound']));
console.log(row(['---', '---', '---', '---', '---']));
for (const bound of bounds) {
  const count = (entry: { readonly counts: Counts }): number => entry.counts.get(bound) ?? 0;
  const [most] = measured.toSorted((one, other) => count(other) - count(one));
  if (most === undefined) continue;
  console.log(row([`\`${bound.name}\``, bound.what, count(most), most.file, bound.most]));
}
console.log(`\n${row(['file', 'bytes', ...bounds.map(({ name }) => `\`${name}\``)])}`);
console.log(row(Array.from({ length: bounds.length + 2 }, () => '---')));
for (const { file, bytes, counts } of measured) {
  console.log(row([file, bytes, ...bounds.map((bound) => counts.get(bound) ?? 0)]));
}
