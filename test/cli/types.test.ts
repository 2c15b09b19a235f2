import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { echo, misfits } from '../fixtures/guests.ts';
import { geometry } from '../support/geometry.ts';
import { component } from '../support/wat.ts';
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
