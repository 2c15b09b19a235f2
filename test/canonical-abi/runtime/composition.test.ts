import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { component } from '../../support/wat.ts';
import { direct, glued, linked } from './support/bindings.ts';

const ALLOCATOR = `
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 4096))
  (func (export "realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (local.set $at (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get $size)))
    (memory.copy (local.get $at) (local.get $old)
      (select (local.get $was) (local.get $size) (i32.lt_u (local.get $was) (local.get $size))))
    (local.get $at))`;

/** Two components in one, as \`wac plug\` nests them: the outer one's import \`shout\` is what the inner one exports. */
const plugged = (encoding: string): string => `(component
  (component $loud
    (core module $m ${ALLOCATOR}
      (func (export "shout") (param $p i32) (param $n i32) (result i32)
        (i32.store (i32.const 16) (local.get $p)) (i32.store (i32.const 20) (local.get $n))
        (i32.store8 (local.get $p) (i32.const 33))
        (i32.const 16)))
    (core instance $i (instantiate $m))
    (func $shout (param "text" string) (result string) (canon lift (core func $i "shout")
      string-encoding=${encoding} (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
    (instance $api (export "shout" (func $shout)))
    (export "test:test/loud@0.1.0" (instance $api)))
  (component $plugin
    (import "test:test/loud@0.1.0" (instance $loud (export "shout" (func (param "text" string) (result string)))))
    (core module $libc ${ALLOCATOR})
    (core instance $libc (instantiate $libc))
    (core func $shout (canon lower (func $loud "shout")
      (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $m
      (import "libc" "memory" (memory 1))
      (import "loud" "shout" (func $shout (param i32 i32 i32)))
      (func (export "run") (param $p i32) (param $n i32) (result i32)
        (call $shout (local.get $p) (local.get $n) (i32.const 32)) (i32.const 32)))
    (core instance $i (instantiate $m (with "libc" (instance $libc))
      (with "loud" (instance (export "shout" (func $shout))))))
    (func $run (param "text" string) (result string) (canon lift (core func $i "run")
      (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (instance $api (export "run" (func $run)))
    (export "test:test/api" (instance $api)))
  (instance $a (instantiate $loud))
  (instance $b (instantiate $plugin (with "test:test/loud@0.1.0" (instance $a "test:test/loud@0.1.0"))))
  (export "test:test/api" (instance $b "test:test/api")))`;

/** A chain of instances, each of which passes the next one a list of 64 lists that are all the same 32 KiB. */
const chain = (length: number): string => `(component
  (import "test:test/host" (instance $host (export "look" (func))))
  (alias export $host "look" (func $look))
  (component $last
    (import "look" (func $look))
    (core func $look (canon lower (func $look)))
    (core module $m
      (import "next" "look" (func $look))
      ${ALIASING}
      (func (export "pass") (param i32 i32) (call $look)))
    (core instance $i (instantiate $m (with "next" (instance (export "look" (func $look))))))
    (func (export "pass") (param "lists" (list (list u8))) (canon lift (core func $i "pass")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $link
    (import "pass" (func $pass (param "lists" (list (list u8)))))
    (core module $libc ${ALIASING})
    (core instance $libc (instantiate $libc))
    (core func $pass (canon lower (func $pass) (memory (core memory $libc "memory"))))
    (core module $m
      (import "libc" "memory" (memory 1))
      (import "next" "pass" (func $pass (param i32 i32)))
      (func (export "pass") (param i32 i32) (local $i i32)
        (loop $fill
          (i32.store offset=4 (i32.shl (local.get $i) (i32.const 3)) (i32.const 32768))
          (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
        (call $pass (i32.const 0) (i32.const 64))))
    (core instance $i (instantiate $m (with "libc" (instance $libc))
      (with "next" (instance (export "pass" (func $pass))))))
    (func (export "pass") (param "lists" (list (list u8))) (canon lift (core func $i "pass")
      (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))
  (instance $i0 (instantiate $last (with "look" (func $look))))
  ${Array.from({ length }, (_, at) => `(instance $i${at + 1} (instantiate $link (with "pass" (func $i${at} "pass"))))`).join('\n')}
  (instance $api (export "pass" (func $i${length} "pass")))
  (export "test:test/api" (instance $api)))`;

/** Gives out the same memory each time. */
const ALIASING = `
  (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))`;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

interface Api {
  run(text: string): string;
}

describe('composed components', () => {
  it('do not have the host hold what they pass for as long as the callee runs', async () => {
    // A collection frees what it finds in the background; the next one waits for that.
    const buffers = (): number => {
      collectGarbage();
      collectGarbage();
      return process.memoryUsage().arrayBuffers;
    };
    const before = buffers();
    let held: number | undefined;
    const look = (): void => {
      held = buffers() - before;
    };
    const { exports } = await direct(await component(chain(60)), { 'test:test/host': { look } });
    (exports['test:test/api'] as { pass(lists: Uint8Array[]): void }).pass([]);
    // Each of the 60 passes 2 MiB on.
    expect(held).to.be.below(60 * 1024 * 1024);
  });

  for (const encoding of ['utf8', 'utf16']) {
    it(`pass strings from one to the other, ${encoding} in the callee`, async () => {
      const bytes = await component(plugged(encoding));
      const ours = (await direct(bytes)).exports['test:test/api'] as Api;
      const theirs = (await glued(bytes))()['test:test/api'] as Api;
      for (const text of ['a', 'abc', 'aé€𝄞'.repeat(30), `a${'\u{feff}x\0'.repeat(40)}`]) {
        expect(ours.run(text)).to.equal(`!${text.slice(1)}`);
        expect(theirs.run(text)).to.equal(`!${text.slice(1)}`);
      }
    });
  }

  it('make instances that share nothing', async () => {
    const bytes = await component(`(component
      (core module $m (global $n (mut i32) (i32.const 0))
        (func (export "next") (result i32)
          (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
      (core instance $i (instantiate $m))
      (func (export "next") (result u32) (canon lift (core func $i "next"))))`);
    const made = await linked(bytes);
    const [one, two] = [made.instantiate({}).exports, made.instantiate({}).exports] as unknown as {
      next(): number;
    }[];
    expect([one!.next(), one!.next(), two!.next()]).to.deep.equal([1, 2, 1]);
  });

  it('a trap of the callee ends the whole component', async () => {
    const bytes = await component(`(component
      (component $c
        (core module $m (func (export "f") unreachable))
        (core instance $i (instantiate $m))
        (func (export "f") (canon lift (core func $i "f"))))
      (component $d
        (import "f" (func $f))
        (core func $g (canon lower (func $f)))
        (core module $m
          (import "" "f" (func $f))
          (func (export "run") (call $f))
          (func (export "fine")))
        (core instance $i (instantiate $m (with "" (instance (export "f" (func $g))))))
        (func (export "run") (canon lift (core func $i "run")))
        (func (export "fine") (canon lift (core func $i "fine"))))
      (instance $c (instantiate $c))
      (instance $d (instantiate $d (with "f" (func $c "f"))))
      (export "run" (func $d "run"))
      (export "fine" (func $d "fine")))`);
    const { run, fine } = (await direct(bytes)).exports as Record<string, () => void>;
    fine!();
    expect(() => run!()).to.throw(WebAssembly.RuntimeError, 'unreachable');
    expect(() => fine!()).to.throw(WebAssembly.RuntimeError, 'cannot enter component instance');
  });
});
