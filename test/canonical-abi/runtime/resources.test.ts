import { expect } from 'chai';
import { component } from '../../support/wat.ts';
import { direct, glued, type Imports } from './support/bindings.ts';
import { wired } from './support/wired.ts';

/** A host with one resource type; says what is done with it. */
function counters(): { readonly imports: Imports; readonly events: string[] } {
  const events: string[] = [];
  class Counter {
    readonly start: number;
    constructor(start: number) {
      this.start = start;
      events.push(`new ${start}`);
    }
    add(more: number): number {
      return this.start + more;
    }
    static merge(a: Counter, b: Counter): Counter {
      events.push(`merge ${a.start} ${b.start}`);
      return new Counter(a.start + b.start);
    }
    [Symbol.dispose](): void {
      events.push(`drop ${this.start}`);
    }
  }
  return { imports: { 'test:test/host': { Counter, peek: (counter: Counter) => counter.start } }, events };
}

const HOST_WIT = `package test:test;
  interface host {
    resource counter {
      constructor(start: u32);
      add: func(more: u32) -> u32;
      merge: static func(a: counter, b: counter) -> counter;
    }
    peek: func(c: borrow<counter>) -> u32;
  }
  world test { import host; export run: func(a: u32, b: u32) -> u32; export leak: func() -> u32; }`;

const HOST_IMPORTS = `
  (import "test:test/host" "[constructor]counter" (func $new (param i32) (result i32)))
  (import "test:test/host" "[method]counter.add" (func $add (param i32 i32) (result i32)))
  (import "test:test/host" "[static]counter.merge" (func $merge (param i32 i32) (result i32)))
  (import "test:test/host" "[resource-drop]counter" (func $drop (param i32)))
  (import "test:test/host" "peek" (func $peek (param i32) (result i32)))`;

const usingHost = (run: string): Promise<Uint8Array> =>
  wired(
    `(module ${HOST_IMPORTS}
      (func (export "run") (param $a i32) (param $b i32) (result i32) (local $c i32) ${run})
      (func (export "leak") (result i32) (call $new (i32.const 9))))`,
    HOST_WIT,
  );

type Run = (a: number, b: number) => number;

describe('resources', () => {
  describe('of the host', () => {
    const run = `
      (local.set $c (call $merge (call $new (local.get $a)) (call $new (local.get $b))))
      (call $peek (local.get $c))
      (call $add (local.get $c) (i32.const 100))
      (call $drop (local.get $c))
      i32.add`;

    it("are made, called, lent, passed on and dropped as with jco's glue", async () => {
      const bytes = await usingHost(run);
      const [ours, theirs] = [counters(), counters()];
      const our = (await direct(bytes, ours.imports)).exports.run as Run;
      const their = (await glued(bytes))(theirs.imports).run as Run;
      expect(our(20, 1)).to.equal(142);
      expect(their(20, 1)).to.equal(142);
      expect(ours.events).to.deep.equal(['new 20', 'new 1', 'merge 20 1', 'new 21', 'drop 21']);
      expect(theirs.events).to.deep.equal(ours.events);
    });

    for (const [what, body, message] of [
      [
        'that was passed on',
        '(drop (call $merge (call $new (i32.const 1)) (call $new (i32.const 2)))) (call $peek (i32.const 1)) (call $peek (i32.const 2)) i32.add',
        /^unknown handle index 1$/,
      ],
      [
        'that was dropped',
        '(call $drop (call $new (i32.const 1))) (call $peek (i32.const 1))',
        /^unknown handle index 1$/,
      ],
      [
        'that was dropped before',
        '(local.set $c (call $new (i32.const 1))) (call $drop (local.get $c)) (call $drop (local.get $c)) (i32.const 0)',
        /^unknown handle index 1$/,
      ],
      ['0', '(call $peek (i32.const 0))', /^unknown handle index 0$/],
      ['that is negative', '(call $add (i32.const -1) (i32.const 0))', /^unknown handle index 4294967295$/],
    ] as const) {
      it(`a handle ${what} is a trap`, async () => {
        const { imports } = counters();
        const func = (await direct(await usingHost(body), imports)).exports.run as Run;
        expect(() => func(0, 0)).to.throw(WebAssembly.RuntimeError, message);
      });
    }

    it('no more than 65,536 handles at once', async () => {
      const { imports } = counters();
      const endless = '(loop $more (drop (call $new (i32.const 1))) (br $more)) unreachable';
      const func = (await direct(await usingHost(endless), imports)).exports.run as Run;
      expect(() => func(0, 0)).to.throw(
        WebAssembly.RuntimeError,
        /^the handle table holds no more than 65536 handles$/,
      );
    });

    it('are looked for as own properties only', async () => {
      const inherits = { 'test:test/host': Object.create({ peek: () => 1, Counter: class {} }) };
      const bytes = await usingHost(run);
      try {
        await direct(bytes, inherits);
        expect.fail('it linked');
      } catch (error) {
        expect(error).to.include({ code: 'ERR_UNKNOWN_IMPORT' });
      }
    });
  });

  describe('of a guest', () => {
    const text = `(component
      (core module $indirect (table (export "t") 1 funcref) (type $f (func (param i32)))
        (func (export "dtor") (param i32) (call_indirect (type $f) (local.get 0) (i32.const 0))))
      (core instance $i (instantiate $indirect))
      (type $box' (resource (rep i32) (dtor (core func $i "dtor"))))
      (export $box "box" (type $box'))
      (core func $new (canon resource.new $box'))
      (core func $drop (canon resource.drop $box'))
      (core func $rep (canon resource.rep $box'))
      (core module $m
        (import "" "new" (func $new (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (import "" "rep" (func $rep (param i32) (result i32)))
        (import "" "t" (table 1 funcref))
        (global $live (mut i32) (i32.const 0))
        (func (export "make") (param i32) (result i32)
          (global.set $live (i32.add (global.get $live) (i32.const 1)))
          (call $new (local.get 0)))
        (func (export "get") (param i32) (result i32) (local.get 0))
        (func (export "take") (param i32) (result i32)
          (call $rep (local.get 0)) (call $drop (local.get 0)))
        (func (export "live") (result i32) (global.get $live))
        (func $dtor (param i32) (global.set $live (i32.sub (global.get $live) (i32.const 1))))
        (elem (i32.const 0) $dtor))
      (core instance $c (instantiate $m (with "" (instance
        (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))
        (export "t" (table $i "t"))))))
      (func (export "[constructor]box") (param "v" u32) (result (own $box)) (canon lift (core func $c "make")))
      (func (export "[method]box.get") (param "self" (borrow $box)) (result u32) (canon lift (core func $c "get")))
      (func (export "[static]box.make") (param "v" u32) (result (own $box)) (canon lift (core func $c "make")))
      (func (export "take") (param "b" (own $box)) (result u32) (canon lift (core func $c "take")))
      (func (export "live") (result u32) (canon lift (core func $c "live"))))`;

    interface Box extends Disposable {
      get(): number;
    }
    interface Exports {
      readonly Box: { new (value: number): Box; make(value: number): Box };
      take(box: Box): number;
      live(): number;
    }
    const load = async (): Promise<Exports> => (await direct(await component(text))).exports as unknown as Exports;

    it('are classes with methods and static functions', async () => {
      const { Box, live } = await load();
      const box = new Box(42);
      expect(box).to.be.instanceOf(Box);
      expect(box.get()).to.equal(42);
      const other = Box.make(7);
      expect(other).to.be.instanceOf(Box);
      expect(other.get()).to.equal(7);
      expect(live()).to.equal(2);
    });

    it('run their destructor when they are disposed of, once', async () => {
      const { Box, live } = await load();
      const box = new Box(1);
      box[Symbol.dispose]();
      box[Symbol.dispose]();
      expect(live()).to.equal(0);
      expect(() => box.get()).to.throw(TypeError, 'The resource was dropped or passed on');
    });

    it('are gone from the host when they are passed on', async () => {
      const { Box, take, live } = await load();
      const box = new Box(5);
      expect(take(box)).to.equal(5);
      expect(live()).to.equal(0);
    });

    it('cannot be forged, nor passed to another instance', async () => {
      const [one, two] = [await load(), await load()];
      for (const wrong of [new two.Box(1), Object.create(one.Box.prototype), {}, 1, undefined]) {
        const { take } = await load();
        expect(() => take(wrong as Box)).to.throw(TypeError, /[Ee]xpected a resource/);
      }
    });
  });
});
