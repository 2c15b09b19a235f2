import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { cartsComponent } from '../session/carts.ts';
import { dummy } from '../support/wat.ts';
import { Workplace } from './cli.ts';
import { runIn } from './projects.ts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const LIBRARY = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
const WEB_ASSEMBLY = fileURLToPath(new URL('../../src/artifact/webassembly.d.ts', import.meta.url));

const WIT = `package acme:app@1.2.0;
interface types { record item { name: string, price: f64, note: option<string> } }
interface store {
  use types.{item};
  resource cursor { constructor(prefix: string); next: func() -> option<item>; all: static func() -> list<cursor>; }
  get: func(key: string) -> result<item, string>;
  set: func(key: string, value: item) -> result<_, string>;
}
interface pricing { use types.{item}; quote: func(items: list<item>) -> result<f64, string>; }
world plugin {
  import store;
  import wasi:clocks/monotonic-clock@0.2.0;
  import note: func(line: string);
  export pricing;
  export version: func() -> string;
}`;
const CLOCKS = 'package wasi:clocks@0.2.0;\ninterface monotonic-clock { now: func() -> u64; }\n';

describe('wasm-plugin-pool types --guest and --host', () => {
  const workplace = new Workplace();

  before(async () => {
    await mkdir(workplace.path('wit/deps'), { recursive: true });
    await workplace.file('wit/app.wit', WIT);
    await workplace.file('wit/deps/clocks.wit', CLOCKS);
    await workplace.file('carts.wasm', cartsComponent);
  });

  /** Writes declarations; returns them. */
  const declare = async (file: string, ...args: string[]): Promise<string> => {
    const { status, stderr } = await workplace.run(['types', ...args, '--out', file]);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    return readFile(workplace.path(file), 'utf8');
  };

  /** Has TypeScript compile a file against this library, strictly. */
  const compile = async (name: string, text: string): Promise<void> => {
    await writeFile(workplace.path(`${name}.ts`), text);
    const compilerOptions = {
      ...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      ...{ module: 'nodenext', target: 'es2024', lib: ['es2024', 'esnext.disposable'], skipLibCheck: true },
      ...{ types: ['node'], typeRoots: [join(MODULES, '@types')], allowImportingTsExtensions: true },
      paths: { 'wasm-plugin-pool': [LIBRARY] },
    };
    const files = [`${name}.ts`, WEB_ASSEMBLY];
    await writeFile(workplace.path(`${name}.json`), JSON.stringify({ compilerOptions, files }));
    await runIn(workplace.directory, process.execPath, [join(MODULES, 'typescript/bin/tsc'), '-p', `${name}.json`]);
  };

  it('declare what a component exports, for `engine.plugin` and sessions', async () => {
    const text = await declare('carts.d.ts', 'carts.wasm', '--guest');
    expect(text).to.match(/^\/\/ Written by `wasm-plugin-pool types` from the component with the SHA-256 [0-9a-f]{64}/);
    expect(text).to.include("  'acme:app/carts': {\n    Cart: {\n      new (limit: number): Carts.Cart;\n");
    await compile(
      'use-carts',
      `import type { PluginEngine } from 'wasm-plugin-pool';
      import type { Exports } from './carts.d.ts';
      export async function use(engine: PluginEngine): Promise<void> {
        const session = await engine.session('shop');
        const { Cart, sum, half } = session.exports<Exports>()['acme:app/carts'];
        const cart = await new Cart(10, { deadlineMs: 5 });
        const added = await cart.add(1);
        if (added.tag === 'err') added.val satisfies string;
        const total: number = await sum([cart, await Cart.merge(cart, cart)]);
        const halved = await half(cart);
        await halved.val.total();
        await cart[Symbol.asyncDispose]();
        const alive: number = await engine.plugin<Exports>('shop')['acme:app/carts'].alive();
        void [total, alive];
        // @ts-expect-error: a limit is a number
        await new Cart('10');
        // @ts-expect-error: there is no such method
        await cart.empty();
        // @ts-expect-error: it takes carts
        await sum([1]);
        // @ts-expect-error: resources are used in sessions
        engine.plugin<Exports>('shop')['acme:app/carts'].Cart;
      }\n`,
    );
  });

  it('declare both sides of a world', async () => {
    const world = ['--wit', 'wit', '--world', 'acme:app/plugin'];
    const imports = await declare('imports.d.ts', ...world, '--host');
    // What the engine has itself is nobody's to supply.
    expect(imports).not.to.include('monotonic');
    await declare('exports.d.ts', ...world, '--guest');
    await compile(
      'use-world',
      `import { type PluginEngine, WitError } from 'wasm-plugin-pool';
      import type { Exports } from './exports.d.ts';
      import type { Imports, Store } from './imports.d.ts';
      class Cursor {
        static all(): Cursor[] { return []; }
        constructor(readonly prefix: string) {}
        next(): Store.Item | undefined { return { name: this.prefix, price: 1 }; }
      }
      export const imports: Imports = {
        'acme:app/store@1.2.0': {
          Cursor,
          async get(key, context) {
            context?.signal.throwIfAborted();
            if (key === '') throw new WitError('no key');
            return { name: key, price: 1, note: undefined };
          },
          set() {},
        },
        note(line) { line satisfies string; },
      };
      export async function use(engine: PluginEngine): Promise<string> {
        const shop = engine.plugin<Exports>('shop');
        const quote = await shop['acme:app/pricing'].quote([{ name: 'tea', price: 2 }], { deadlineMs: 5 });
        if (quote.tag === 'ok') quote.val satisfies number;
        // @ts-expect-error: a price is a number
        await shop['acme:app/pricing'].quote([{ name: 'tea', price: '2' }]);
        return await shop.version();
      }
      // @ts-expect-error: it lacks a function
      export const some: Imports = { 'acme:app/store@1.2.0': imports['acme:app/store@1.2.0'] };
      // @ts-expect-error: it takes a text
      export const wrong: Imports['note'] = (line: number) => void line;\n`,
    );
  });

  it('declare every type so that TypeScript takes it, from what a component imports too', async () => {
    const wit = `package local:everything@1.0.0;
      interface all {
        variant tree { leaf, both(tuple<string, u64>), handle(file) }
        enum %class { a, two-words }
        flags rights { read, write-all }
        resource file { constructor(context: string); then: func() -> u8; %delete: func(%new: list<u8>); open: static func() -> result<file, tree>; }
        resource empty {}
        every: func(a: tree, b: option<option<%class>>, c: rights, f: list<borrow<file>>) -> tuple<tree, %class>;
        give: func() -> result<empty>;
      }
      world everything { import all; export all; }`;
    await workplace.file('everything.wasm', () => dummy('everything', wit));
    for (const side of ['guest', 'host']) await declare(`every-${side}.d.ts`, 'everything.wasm', `--${side}`);
    await compile(
      'use-everything',
      `import type { Exports } from './every-guest.d.ts';
      import type { Imports } from './every-host.d.ts';
      type All = Exports['local:everything/all'];
      declare const all: All;
      const file = new all.File('a');
      file.delete(new Uint8Array(1));
      const made = all.File.open();
      if (made.tag === 'err' && made.val.tag === 'handle') made.val.val.then() satisfies number;
      export type Host = Imports['local:everything/all@1.0.0']['every'];\n`,
    );
  });

  for (const [args, said] of [
    [[], /Expected a component, or `--wit` and `--world`/],
    [['carts.wasm', '--wit', 'wit', '--world', 'acme:app/plugin', '--host'], /Expected a component, or/],
    [['--wit', 'wit', '--host'], /`--wit` and `--world` go together/],
    [['--wit', 'wit', '--world', 'acme:app/plugin'], /`--wit` needs `--guest` or `--host`/],
    [['carts.wasm', '--guest', '--host'], /cannot be used with/],
    [['carts.wasm', '--guest', '--name', 'x'], /`--name` does not go with `--guest`/],
    [['--wit', 'none', '--world', 'acme:app/plugin', '--host'], /The WIT cannot be read/],
    [['--wit', 'wit', '--world', 'acme:other/plugin', '--host'], /no package for the world/],
  ] as const) {
    it(`end with 2 for \`${args.join(' ')}\``, async () => {
      const { status, stderr } = await workplace.run(['types', ...args]);
      expect(status).to.equal(2);
      expect(stderr).to.match(said);
    });
  }
});
