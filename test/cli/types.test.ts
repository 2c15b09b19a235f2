import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { echo, misfits } from '../fixtures/guests.ts';
import { geometry } from '../support/geometry.ts';
import { component, dummy } from '../support/wat.ts';
import { Workplace } from './cli.ts';
import { runIn } from './projects.ts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const TSC = join(MODULES, 'typescript/bin/tsc');

describe('wasm-plugin-pool types', () => {
  const workplace = new Workplace();

  it('declares every type, and every function that can be called', async () => {
    await workplace.file('geometry.wasm', geometry);
    const { status, stdout, stderr } = await workplace.run(['types', 'geometry.wasm']);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout.split('\n').slice(1).join('\n')).to.equal(`import 'wasm-plugin-pool';

/** \`local:geometry/shapes@1.0.0\` */
export declare namespace Shapes {
  interface Point {
    x: number;
    y: number;
    label?: string | undefined;
  }
  type Colour = ('red' | 'dark-green');
  type Sides = { left?: boolean; rightHand?: boolean; };
  type Shape = ({ tag: 'dot' } | { tag: 'circle'; val: number } | { tag: 'polygon'; val: Shapes.Point[] });
  type Place = Shapes.Point;
}

type Result<Ok, Err> = { tag: 'ok'; val: Ok } | { tag: 'err'; val: Err };

/** What \`engine.call\` reaches, by path. */
export interface Functions {
  'version': () => string;
  // local:geometry/shapes@1.0.0#[constructor]canvas: not from another thread, for it belongs to a resource.
  // local:geometry/shapes@1.0.0#[method]canvas.width: not from another thread, for it belongs to a resource.
  'local:geometry/shapes@1.0.0#add': (a: number, b: number) => number;
  'local:geometry/shapes@1.0.0#divide': (a: number, b: number) => Result<number, string>;
  'local:geometry/shapes@1.0.0#move': (from: Shapes.Point, by: number) => Shapes.Point;
  'local:geometry/shapes@1.0.0#total': (values: globalThis.Uint32Array) => bigint;
  'local:geometry/shapes@1.0.0#paint': (_in: Shapes.Shape, _with: Shapes.Colour, where: Shapes.Sides) => [boolean, ({ tag: 'none' } | { tag: 'some'; val: (number | undefined) })];
  'local:geometry/shapes@1.0.0#nothing': () => void;
  // local:geometry/shapes@1.0.0#draw: not from another thread, for it passes a resource, a stream or a future.
  'local:geometry/shapes@1.0.0#spin': () => void;
}

declare module 'wasm-plugin-pool' {
  interface PluginFunctions {
    'geometry': Functions;
  }
}
`);
  });

  it('writes to a file, under the name that the plugin will have', async () => {
    await workplace.file('echo.wasm', echo);
    const { stdout } = await workplace.run(['types', 'echo.wasm', '--name', "it's", '--out', 'echo.d.ts']);
    expect(stdout).to.equal('');
    expect(await readFile(workplace.path('echo.d.ts'), 'utf8')).to.include("    'it\\'s': Functions;\n");
  });

  it('writes what TypeScript takes, also for names that clash with its own', async () => {
    const hostile = `(component
      (type $u (record (field "class" u8) (field "default" (option u8))))
      (import "a:b/array" (instance (export "array" (type (eq $u)))))
      (component $c
        (type $u (record (field "class" u8) (field "default" (option u8))))
        (export $t "uint8-array" (type $u)))
      (instance $i (instantiate $c))
      (export "a:b/functions" (instance $i))
      (export "c:d/functions" (instance $i)))`;
    await workplace.file('hostile.wasm', await component(hostile));
    await workplace.file('geometry.wasm', geometry);
    for (const name of ['hostile', 'geometry']) await workplace.run(['types', `${name}.wasm`, '--out', `${name}.d.ts`]);
    // A library of which nothing but the interface is there.
    await writeFile(
      workplace.path('library.d.ts'),
      "declare module 'wasm-plugin-pool' { interface PluginFunctions {} }\n",
    );
    const use = `import type { Functions } from './geometry.d.ts';
      import type {} from './hostile.d.ts';
      const sum: number = (null! as Functions)['local:geometry/shapes@1.0.0#add'](1, 2);
      // @ts-expect-error
      (null! as Functions)['local:geometry/shapes@1.0.0#paint']({ tag: 'square' }, 'red', {});
      void sum;\n`;
    await writeFile(workplace.path('use.ts'), use);
    const args = [TSC, '--noEmit', '--strict', '--module', 'nodenext', '--types', '', 'library.d.ts', 'use.ts'];
    await runIn(workplace.directory, process.execPath, args);
  });

  it('declares values of every type so that a strict compiler takes them', async () => {
    const wit = `package local:everything@1.0.0;
      interface all {
        record numbers { a: u8, b: s8, c: u16, d: s16, e: u32, f: s32, g: u64, h: s64, i: f32, j: f64 }
        record nested { inner: numbers, maybe: option<numbers>, %list: list<list<string>>, letter: char }
        record empty-ish { only: bool }
        variant tree { leaf, number(u64), both(tuple<string, nested>), either(result<numbers, string>) }
        enum %default { %class, two-words }
        flags rights { read, write-all }
        resource file { constructor(path: string); read: func() -> list<u8>; open: static func() -> file; }
        type alias = list<tree>;
        every: func(a: numbers, b: nested, c: tree, d: %default, e: rights, f: alias, g: option<option<bool>>) -> alias;
        lists: func(a: list<u8>, b: list<s16>, c: list<u64>, d: list<f32>, e: list<bool>, f: list<char>) -> list<s64>;
        nothing: func() -> result;
        only-ok: func() -> result<u8>;
        only-err: func() -> result<_, tree>;
        both: func() -> result<nested, %default>;
        handles: func(a: list<own<file>>) -> option<file>;
        lends: func(a: borrow<file>);
      }
      world everything { export all; export top: func(empty: empty-ish2) -> tuple<u8, s64>; record empty-ish2 { only: bool } }`;
    await workplace.file('everything.wasm', () => dummy('everything', wit));
    const { stderr } = await workplace.run(['types', 'everything.wasm', '--out', 'everything.d.ts']);
    expect(stderr).to.equal('');
    const declared = await readFile(workplace.path('everything.d.ts'), 'utf8');
    for (const name of ['[constructor]file', '[method]file.read', '[static]file.open']) {
      expect(declared).to.include(`#${name}: not from another thread, for it belongs to a resource`);
    }
    for (const name of ['handles', 'lends']) {
      expect(declared).to.include(`#${name}: not from another thread, for it passes a resource`);
    }
    await writeFile(
      workplace.path('library.d.ts'),
      "declare module 'wasm-plugin-pool' { interface PluginFunctions {} }\n",
    );
    const use = `import type { All, Functions } from './everything.d.ts';
      type Call<Name extends string> = Functions[\`local:everything/all@1.0.0#\${Name}\` & keyof Functions];
      declare const every: Call<'every'>;
      declare const lists: Call<'lists'>;
      declare const both: Call<'both'>;
      declare const nothing: Call<'nothing'>;
      const numbers: All.Numbers = { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1n, h: 1n, i: 1, j: 1 };
      const nested: All.Nested = { inner: numbers, list: [['a']], letter: 'a' };
      const trees = every(numbers, nested, { tag: 'both', val: ['a', nested] }, 'two-words', { writeAll: true }, [], { tag: 'none' });
      for (const tree of trees) if (tree.tag === 'either' && tree.val.tag === 'ok') tree.val.val.g satisfies bigint;
      lists(new Uint8Array(1), new Int16Array(1), new BigUint64Array(1), new Float32Array(1), [true], ['a']) satisfies BigInt64Array;
      const answer = both();
      if (answer.tag === 'err') answer.val satisfies 'class' | 'two-words';
      nothing() satisfies { tag: 'ok' | 'err' };
      // @ts-expect-error: a u64 is a bigint
      numbers.g = 1;
      // @ts-expect-error: there is no such case
      every(numbers, nested, { tag: 'root' }, 'class', {}, [], { tag: 'none' });
      // @ts-expect-error: nor such a flag
      every(numbers, nested, { tag: 'leaf' }, 'class', { execute: true }, [], { tag: 'none' });
      // @ts-expect-error: it cannot be called from another thread
      null! as Functions['local:everything/all@1.0.0#handles'];\n`;
    await writeFile(workplace.path('everything-use.ts'), use);
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
    const args = ['--noEmit', ...strict, '--module', 'nodenext', '--types', '', 'library.d.ts', 'everything-use.ts'];
    await runIn(workplace.directory, process.execPath, [TSC, ...args]);
  });

  it('gives engine.call its types', async () => {
    await workplace.file('geometry.wasm', geometry);
    await workplace.run(['types', 'geometry.wasm', '--out', 'declared.d.ts']);
    const use = `import type { PluginEngine } from 'wasm-plugin-pool';
      import type {} from './declared.d.ts';
      declare const engine: PluginEngine;
      const moved: Promise<{ x: number; label?: string | undefined }> =
        engine.call('geometry', 'local:geometry/shapes@1.0.0#move', [{ x: 1, y: 2 }, 3]);
      // @ts-expect-error: there is no such function
      engine.call('geometry', 'local:geometry/shapes@1.0.0#subtract', [1, 2]);
      // @ts-expect-error: it takes numbers
      engine.call('geometry', 'local:geometry/shapes@1.0.0#add', ['1', '2']);
      const anything: Promise<unknown> = engine.call('other', 'any:thing/at-all#f', [1, 'two']);
      void [moved, anything];\n`;
    await writeFile(workplace.path('typed.ts'), use);
    const library = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
    const compilerOptions = {
      ...{ noEmit: true, strict: true, module: 'nodenext', target: 'es2024', lib: ['es2024', 'esnext.disposable'] },
      ...{
        types: ['node'],
        typeRoots: [join(MODULES, '@types')],
        skipLibCheck: true,
        allowImportingTsExtensions: true,
      },
      paths: { 'wasm-plugin-pool': [library] },
    };
    const files = ['typed.ts', fileURLToPath(new URL('../../src/artifact/webassembly.d.ts', import.meta.url))];
    await writeFile(workplace.path('tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    await runIn(workplace.directory, process.execPath, [TSC, '-p', 'tsconfig.json']);
  });

  it('ends with 2 for what is no component', async () => {
    await workplace.file('core.wasm', misfits.coreModule);
    const { status, stderr } = await workplace.run(['types', 'core.wasm']);
    expect(status).to.equal(2);
    expect(stderr).to.include('ERR_NOT_A_COMPONENT');
  });
});
