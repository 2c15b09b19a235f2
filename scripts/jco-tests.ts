import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { planBinding } from '../src/canonical-abi/plan/plan-binding.ts';
import { parseComponent } from '../src/component/parse.ts';
import { describe } from '../src/errors.ts';
import { runDriver } from './jco/driver.ts';

/*
 * Binds the test components of jco with the engine's own binding, and runs jco's tests of them, from a checkout of
 * github.com/bytecodealliance/jco:
 *
 *     node scripts/jco-tests.ts --from ../jco [--write docs/jco-tests.md]
 *
 * Exits with 1 when a component that is in scope cannot be bound, or a test of one fails.
 */

const { values } = parseArgs({
  options: { from: { type: 'string' }, write: { type: 'string' }, only: { type: 'string' } },
});
if (values.from === undefined) throw new Error('Pass the checkout: --from DIRECTORY');
const fixtures = join(values.from, 'packages/jco-transpile/test/fixtures');
const drivers = join(fixtures, 'componentize/runtime');

type Row = readonly [component: string, binding: string, test: string];

const files = ['packages/jco-transpile/test/fixtures/components', 'packages/jco/test/fixtures/components']
  .flatMap((folder) => globSync(`${folder}/**/*.{wasm,wat}`, { cwd: values.from!, exclude: (name) => name === 'p3' }))
  .filter((file) => file.includes(values.only ?? ''))
  .sort();
const scratch = await mkdtemp(join(tmpdir(), 'jco-tests-'));
const rows: Row[] = [];
try {
  for (const file of files) {
    const row = await test(file);
    console.log(row.join(' | '));
    rows.push(row);
  }
} finally {
  await rm(scratch, { recursive: true });
}

/** A component that is bound is tested as well, if jco has a test of its name. */
async function test(file: string): Promise<Row> {
  const name = file.replace(/^packages\/([^/]+)\/test\/fixtures\/components\//, '$1: ');
  let bytes: Uint8Array;
  try {
    const content = await readFile(join(values.from!, file));
    bytes = file.endsWith('.wat') ? await parse(content.toString()) : content;
  } catch {
    return [name, 'out of scope: the tools cannot read its text', ''];
  }
  try {
    const binding = planBinding(bytes, parseComponent(bytes));
    if (binding.kind === 'unsupported') return [name, `out of scope: ${binding.reason}`, ''];
  } catch (error) {
    return [name, `failed: ${oneLine(error)}`, ''];
  }
  const driver = basename(file).replace(/(\.component)?\.(wasm|wat)$/, '');
  const source = await readFile(join(drivers, `${driver}.ts`), 'utf8').catch(() => undefined);
  if (source === undefined) return [name, 'bound', 'has none'];
  const component = join(scratch, `${driver}.wasm`);
  await writeFile(component, bytes);
  const ended = await runDriver({ name: driver, source, component, drivers, scratch });
  return [name, 'bound', ended === 'ok' ? 'passed' : `failed: ${ended}`];
}

function oneLine(error: unknown): string {
  return describe(error).split('\n')[0]!.slice(0, 200);
}

const count = (text: string): number => rows.filter((row) => row.some((cell) => cell.startsWith(text))).length;
const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
const widths = [0, 1, 2].map((column) =>
  Math.max(...cells.map((row) => row[column]!.length), ['component', 'direct binding', 'test'][column]!.length),
);
const line = (row: readonly string[]): string =>
  `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
const report = `# jco's own tests

What the direct binding makes of the test components of [jco](https://github.com/bytecodealliance/jco), and of jco's
tests of them. \`node scripts/jco-tests.ts --from CHECKOUT --write docs/jco-tests.md\` writes this page.

Components for WASI 0.3 (\`p3\`) are left out: all of them are asynchronous. A test sees the component as jco's glue would
show it, with two differences. WASI is the engine's own: the direct binding looks for every import when it makes an
instance, and jco's tests bring no more of it than is called. And what a host function throws that is no \`Error\` is put
into the \`payload\` of an object first, which is how the direct binding knows a WIT \`err\`.

Bound: ${count('bound')} components. Tests passed: ${count('passed')}. Failures: ${count('failed')}. Out of scope: ${count('out of scope')} components.

${[line(['component', 'direct binding', 'test']), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n')}
`;
if (values.write === undefined) console.log(report);
else await writeFile(values.write, report);
if (count('failed') > 0) process.exitCode = 1;
