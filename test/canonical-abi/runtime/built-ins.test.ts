import { expect } from 'chai';
import { component } from '../../support/wat.ts';
import { direct } from './support/bindings.ts';

type Run = (...values: unknown[]) => unknown;

/** A synchronous component that imports the built-ins of async, and whose function \`run\` has the body. */
const withBuiltIns = (body: string, more = ''): Promise<Uint8Array> =>
  component(`(component
    (core module $libc (memory (export "memory") 1))
    (core instance $libc (instantiate $libc))
    (alias core export $libc "memory" (core memory $memory))
    (core func $get (canon context.get i32 0)) (core func $get1 (canon context.get i32 1))
    (core func $set (canon context.set i32 0)) (core func $set1 (canon context.set i32 1))
    (core func $inc (canon backpressure.inc)) (core func $dec (canon backpressure.dec))
    (core func $cancel (canon task.cancel)) (core func $yield (canon thread.yield))
    (core func $new (canon waitable-set.new)) (core func $drop (canon waitable-set.drop))
    (core func $wait (canon waitable-set.wait (memory $memory)))
    (core func $poll (canon waitable-set.poll (memory $memory)))
    (core func $join (canon waitable.join))
    (core func $subtask-cancel (canon subtask.cancel)) (core func $subtask-drop (canon subtask.drop))
    (type $thing (resource (rep i32)))
    (core func $thing-drop (canon resource.drop $thing))
    (core module $m
      (import "" "memory" (memory 1))
      (import "" "get" (func $get (result i32))) (import "" "get1" (func $get1 (result i32)))
      (import "" "set" (func $set (param i32))) (import "" "set1" (func $set1 (param i32)))
      (import "" "inc" (func $inc)) (import "" "dec" (func $dec))
      (import "" "cancel" (func $cancel)) (import "" "yield" (func $yield (result i32)))
      (import "" "new" (func $new (result i32))) (import "" "drop" (func $drop (param i32)))
      (import "" "wait" (func $wait (param i32 i32) (result i32)))
      (import "" "poll" (func $poll (param i32 i32) (result i32)))
      (import "" "join" (func $join (param i32 i32)))
      (import "" "subtask-cancel" (func $subtask-cancel (param i32) (result i32)))
      (import "" "subtask-drop" (func $subtask-drop (param i32)))
      (import "" "thing-drop" (func $thing-drop (param i32)))
      ${more}
      (func (export "run") (param i32) (result i32) ${body}))
    (core instance $i (instantiate $m (with "" (instance
      (export "memory" (memory $memory)) (export "get" (func $get)) (export "get1" (func $get1))
      (export "set" (func $set)) (export "set1" (func $set1)) (export "inc" (func $inc)) (export "dec" (func $dec))
      (export "cancel" (func $cancel)) (export "yield" (func $yield)) (export "new" (func $new))
      (export "drop" (func $drop)) (export "wait" (func $wait)) (export "poll" (func $poll))
      (export "join" (func $join)) (export "subtask-cancel" (func $subtask-cancel))
      (export "subtask-drop" (func $subtask-drop)) (export "thing-drop" (func $thing-drop))))))
    (func (export "run") (param "x" s32) (result s32) (canon lift (core func $i "run"))))`);

const run = async (body: string, more = ''): Promise<Run> =>
  (await direct(await withBuiltIns(body, more))).exports.run as Run;

describe('built-ins of async in a synchronous component', () => {
  it('keep two values for as long as a call lasts', async () => {
    const call = await run(`(call $set (local.get 0)) (call $set1 (i32.const 7))
      (i32.add (i32.mul (call $get) (i32.const 10)) (call $get1))`);
    expect(call(4)).to.equal(47);
    expect(call(-1)).to.equal(-3);
  });

  it('and begin each call with zeros', async () => {
    const call = await run('(call $get) (call $set (local.get 0))');
    expect(call(4)).to.equal(0);
    expect(call(4)).to.equal(0);
  });

  it('yield to nobody, and nobody has cancelled', async () => {
    expect((await run('(call $yield)'))(0)).to.equal(0);
  });

  it('make waitable sets, in which nothing ever happens', async () => {
    const call = await run(`(local $set i32)
      (local.set $set (call $new))
      (i32.store (i32.const 64) (i32.const -1)) (i32.store (i32.const 68) (i32.const -1))
      (i32.add (call $poll (local.get $set) (i32.const 64))
        (i32.add (i32.load (i32.const 64)) (i32.load (i32.const 68))))
      (call $drop (local.get $set))`);
    for (let times = 0; times < 3; times++) expect(call(0)).to.equal(0);
  });

  it('count backpressure, which holds back nothing that is synchronous', async () => {
    const call = await run('(call $inc) (call $inc) (call $dec) (i32.const 1)');
    expect(call(0)).to.equal(1);
    expect(call(0)).to.equal(1);
  });

  const traps: [what: string, body: string, message: string][] = [
    ['a cancellation of its own', '(call $cancel)', 'task.cancel called by a synchronous task'],
    [
      'waiting, which would be for ever',
      '(drop (call $wait (call $new) (i32.const 64)))',
      'cannot block a synchronous task before returning',
    ],
    ['waiting for what is no set', '(drop (call $wait (i32.const 9) (i32.const 64)))', 'unknown handle index 9'],
    ['an event beyond the end of memory', '(drop (call $poll (call $new) (i32.const 65532)))', 'beyond the end'],
    ['an event that is not aligned', '(drop (call $poll (call $new) (i32.const 2)))', 'not aligned'],
    ['a set that is dropped twice', '(call $drop (i32.const 1))', 'unknown handle index 1'],
    ['a set that joins a set', '(call $join (call $new) (call $new))', 'used with the wrong type'],
    ['a set that is dropped as a resource', '(call $thing-drop (call $new))', 'used with the wrong type'],
    ['a subtask that is none', '(call $subtask-drop (call $new))', 'used with the wrong type'],
    ['a subtask that is cancelled and none', '(drop (call $subtask-cancel (i32.const 3)))', 'unknown handle index 3'],
    ['more waitable sets than there may be handles', '(loop (drop (call $new)) (br 0))', 'no more than 65536 handles'],
    ['backpressure below nothing', '(call $dec)', 'backpressure counter out of range'],
    ['backpressure without end', '(loop (call $inc) (br 0))', 'backpressure counter out of range'],
  ];
  for (const [what, body, message] of traps) {
    it(`${what} is a trap`, async () => {
      const call = await run(`${body} (i32.const 0)`);
      expect(() => call(0)).to.throw(Error, message);
      expect(() => call(0)).to.throw(WebAssembly.RuntimeError, 'cannot enter component instance');
    });
  }

  it('give a call from another component, its realloc and a destructor values of their own', async () => {
    const bytes = await component(`(component
      (component $callee
        (core func $get (canon context.get i32 0)) (core func $set (canon context.set i32 0))
        (core module $m
          (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
          (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (if (call $get) (then unreachable))
            (call $set (i32.const 99)) (i32.const 64))
          (func (export "take") (param i32 i32) (result i32) (call $get) (call $set (i32.const 5))))
        (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "set" (func $set))))))
        (func (export "take") (param "text" string) (result s32) (canon lift (core func $i "take")
          (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
      (component $caller
        (import "take" (func $take (param "text" string) (result s32)))
        (core func $get (canon context.get i32 0)) (core func $set (canon context.set i32 0))
        (core module $libc (memory (export "memory") 1) (data (i32.const 8) "hello"))
        (core instance $libc (instantiate $libc))
        (core func $take' (canon lower (func $take) (memory (core memory $libc "memory"))))
        (core module $d
          (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
          (func (export "destroy") (param i32) (if (call $get) (then unreachable)) (call $set (i32.const 98))))
        (core instance $d (instantiate $d (with "" (instance (export "get" (func $get)) (export "set" (func $set))))))
        (type $thing (resource (rep i32) (dtor (core func $d "destroy"))))
        (core func $new (canon resource.new $thing)) (core func $drop (canon resource.drop $thing))
        (core module $m
          (import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32)))
          (import "" "take" (func $take (param i32 i32) (result i32)))
          (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
          (func (export "run") (result i32)
            (call $set (i32.const 3))
            (call $drop (call $new (i32.const 1)))
            (i32.add (i32.mul (call $take (i32.const 8) (i32.const 5)) (i32.const 10)) (call $get))))
        (core instance $i (instantiate $m (with "" (instance
          (export "get" (func $get)) (export "set" (func $set)) (export "take" (func $take'))
          (export "new" (func $new)) (export "drop" (func $drop))))))
        (func (export "run") (result s32) (canon lift (core func $i "run"))))
      (instance $callee (instantiate $callee))
      (instance $caller (instantiate $caller (with "take" (func $callee "take"))))
      (func (export "run") (alias export $caller "run")))`);
    const call = (await direct(bytes)).exports.run as Run;
    expect(call()).to.equal(3);
    expect(call()).to.equal(3);
  });
});
