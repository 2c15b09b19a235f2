import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExportItem } from '../../src/canonical-abi/plan/plan.ts';
import { planBinding } from '../../src/canonical-abi/plan/plan-binding.ts';
import { lowerCamel } from '../../src/canonical-abi/runtime/names.ts';
import { parseComponent } from '../../src/component/parse.ts';

/** One of jco's tests: a program that imports what jco made of a component, and throws when something is wrong. */
export interface Driver {
  readonly name: string;
  /** The program, in TypeScript. */
  readonly source: string;
  /** The file of the component. */
  readonly component: string;
  /** Where the programs are, and what they share. */
  readonly drivers: string;
  readonly scratch: string;
}

/** Runs a test in a process of its own, with the direct binding in the place of jco's output. */
export async function runDriver({ name, source, component, drivers, scratch }: Driver): Promise<string> {
  // As jco lays it out: the programs beside one folder for each component.
  const folder = join(scratch, 'js-test-components');
  await mkdir(join(folder, name), { recursive: true });
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(scratch, 'node_modules')).catch(
    () => {},
  );
  await writeFile(join(scratch, 'package.json'), '{"type":"module"}');
  const helpers = await readFile(join(drivers, 'helpers.ts'), 'utf8');
  await writeFile(join(folder, 'helpers.js'), stripTypeScriptTypes(helpers));
  await writeFile(join(folder, `${name}.js`), stripTypeScriptTypes(source));
  await writeFile(join(folder, name, `${name}.js`), await standIn(source, component));
  return new Promise((resolve) => {
    execFile(process.execPath, [join(folder, `${name}.js`)], { timeout: 30_000 }, (error, _stdout, stderr) => {
      if (error === null) return resolve('ok');
      const line = stderr.split('\n').find((text) => /^\w*Error\b/.test(text)) ?? error.message.split('\n')[0]!;
      resolve(line.slice(0, 200));
    });
  });
}

/** What the test imports in place of jco's output: either `instantiate`, or the exports of the one instance. */
async function standIn(source: string, component: string): Promise<string> {
  const [, line = ''] = /^\/\/ Flags:(.*)/.exec(source) ?? [];
  const flags = line.trim().split(/\s+/);
  const runtime = new URL('runtime.ts', import.meta.url).href;
  const head = `import { bound } from '${runtime}';\nconst make = await bound(${JSON.stringify(component)});\n`;
  if (flags.includes('--instantiation')) {
    const kind = flags[flags.indexOf('--instantiation') + 1] === 'sync' ? '' : 'async ';
    return `${head}export ${kind}function instantiate(load, imports) { return make(imports ?? {}); }\n`;
  }
  // The test and this import each other, so that nothing may be taken from it before it asks for something.
  const maps = flags.flatMap((flag, at) => (flags[at - 1] === '--map' ? [flag.split('=') as [string, string]] : []));
  const modules = maps.map(([, file], at) => `import * as m${at} from '${file.split('#')[0]}';`);
  const imports = maps.map(([name, file], at) => {
    const member = file.split('#')[1];
    return `${JSON.stringify(name)}: ${member === undefined ? `{ ...m${at} }` : `m${at}.${member}`}`;
  });
  return [
    ...modules,
    head,
    `let made;\nconst live = () => (made ??= make({ ${imports.join(', ')} }));`,
    'export const $init = Promise.resolve();',
    ...exportsOf(new Uint8Array(await readFile(component))).map(exported),
  ].join('\n');
}

function exportsOf(bytes: Uint8Array): readonly ExportItem[] {
  const binding = planBinding(bytes, parseComponent(bytes));
  if (binding.kind === 'unsupported') throw new Error(binding.reason);
  return binding.plan.exports;
}

function exported({ name, kind }: ExportItem, index: number): string {
  if (kind !== 'instance') {
    const key = lowerCamel(name);
    return `export const ${key} = (...values) => live().${key}(...values);`;
  }
  const key = lowerCamel(/^[^/@]*\/([^/@]+)/.exec(name)?.[1] ?? name);
  return (
    `const e${index} = new Proxy({}, { get: (_, key) => live()[${JSON.stringify(name)}][key] });\n` +
    `export { e${index} as ${key}${key === name ? '' : `, e${index} as ${JSON.stringify(name)}`} };`
  );
}
