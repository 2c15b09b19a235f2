import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const SOURCE = new URL('../../src/guest/define-plugin.ts', import.meta.url);
const TEMPLATE = new URL('../../templates/typescript/tsconfig.json', import.meta.url);

/** Plugins by what is wrong with them, and what the compiler says. */
const WRONG: Readonly<Record<string, readonly [plugin: string, says: RegExp]>> = {
  'a number as the answer': [
    'process: () => 42',
    /TS2322: Type 'number' is not assignable to type 'string \| PluginAnswer'/,
  ],
  'a promise as the answer': ["process: async () => ''", /TS2322: Type 'Promise<string>' is not assignable/],
  'an answer without success': ["process: () => ({ output: '' })", /TS2322: .*\n.*Property 'success' is missing/],
  'a request that it has not': [
    'process: ({ text }) => text',
    /TS2339: Property 'text' does not exist on type 'PluginRequest'/,
  ],
  'options that are no pairs': [
    'process: ({ options }) => options.lang',
    /TS2339: Property 'lang' does not exist on type 'Pairs'/,
  ],
  'a changed option': [
    "process: ({ options }) => { options[0]![1] = ''; return ''; }",
    /TS2540: Cannot assign to '1' because it is a read-only/,
  ],
  'a configuration of another type': [
    "process: () => '', initialize: (config: number) => void config",
    /TS2322: Type '\(config: number\) => undefined' is not assignable/,
  ],
  'a version that is a number': [
    "process: () => '', version: 1",
    /TS2322: Type 'number' is not assignable to type 'string'/,
  ],
  'no process': ['', /TS2741: Property 'process' is missing/],
  'a function that nobody calls': [
    "process: () => '', proces: () => ''",
    /TS2561: .*'proces' does not exist in type 'PluginDefinition'. Did you mean to write 'process'/,
  ],
};

describe('the types of definePlugin', function () {
  this.timeout(60_000);
  let folder = '';
  let said = '';

  // One compilation, under the options of the template.
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-author-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'define-plugin.ts'), await readFile(SOURCE, 'utf8'));
    const plugin = (parts: string) =>
      `import { definePlugin, Refusal } from './define-plugin.ts';
      void Refusal;
      export const pluginApi = definePlugin({ name: 'p', description: '', ${parts.includes('version:') ? '' : "version: '1.0.0', "}${parts} });\n`;
    const files = ['right.ts'];
    const whole = `process({ input, options }) {
      if (input === '') throw new Refusal('empty');
      return options.some(([key]) => key === 'whole') ? { output: input, success: true } : input;
    }, initialize(config) { for (const [key, value] of config) void (key + value); }, shutdown() {}`;
    await writeFile(join(folder, 'right.ts'), plugin(whole));
    for (const [index, [parts]] of Object.values(WRONG).entries()) {
      files.push(`wrong-${index}.ts`);
      await writeFile(join(folder, `wrong-${index}.ts`), plugin(parts));
    }
    const { compilerOptions } = JSON.parse(await readFile(TEMPLATE, 'utf8'));
    const options = { ...compilerOptions, types: [], noEmit: true };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files }));
    said = spawnSync(process.execPath, [TSC, '-p', folder, '--pretty', 'false'], {
      encoding: 'utf8',
      cwd: folder,
    }).stdout;
  });
  after(() => rm(folder, { recursive: true }));

  /** The errors of a file, with the lines that belong to them. */
  const errorsOf = (file: string): string[] =>
    said.split(/^(?=\S+\(\d+,\d+\))/m).filter((error) => error.startsWith(`${file}(`));

  it('take a plugin as it should be', () => {
    expect(errorsOf('right.ts')).to.deep.equal([]);
    expect(said).to.match(/^wrong-0\.ts\(/m);
  });

  for (const [index, [what, [, says]]] of Object.entries(WRONG).entries()) {
    it(`refuse ${what}`, () => {
      const errors = errorsOf(`wrong-${index}.ts`);
      expect(errors).to.have.length(1);
      expect(errors[0]).to.match(says);
    });
  }
});
