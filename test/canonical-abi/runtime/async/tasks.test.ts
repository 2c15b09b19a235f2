import { expect } from 'chai';
import { canSwitchStacks } from '../../../../src/canonical-abi/runtime/async/stack-switching.ts';
import { component } from '../../../support/wat.ts';
import { direct } from '../support/bindings.ts';

/** What a call was rejected with, in words. */
async function rejection(call: Promise<unknown>): Promise<string> {
  try {
    return `it returned ${JSON.stringify(await call)}`;
  } catch (error) {
    const { name, message, code = '' } = error as Error & { readonly code?: string };
    return `${name} ${code} ${message}`;
  }
}

type Call = (...values: unknown[]) => Promise<unknown>;

/** A component that imports `f`, calls it as async, and returns what it returns once it has. */
const WAITS_FOR_IMPORT = `(component
  (import "f" (func $f async (param "x" u32) (result u32)))
  (core module $libc (memory (export "memory") 1))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (core func $f' (canon lower (func $f) async (memory $memory)))
  (core func $f'' (canon lower (func $f) (memory $memory)))
  (core func $return (canon task.return (result u32)))
  (core func $new (canon waitable-set.new)) (core func $join (canon waitable.join))
  (core func $drop-set (canon waitable-set.drop)) (core func $drop (canon subtask.drop))
  (core func $set (canon context.set i32 0)) (core func $get (canon context.get i32 0))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "f" (func $f (param i32 i32) (result i32))) (import "" "f-sync" (func $f-sync (param i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (import "" "new" (func $new (result i32))) (import "" "join" (func $join (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "set" (func $set (param i32))) (import "" "get" (func $get (result i32)))
    (global $next (mut i32) (i32.const 16))
    (func (export "run") (param $x i32) (result i32) (local $status i32) (local $waitables i32)
      (call $set (global.get $next))
      (global.set $next (i32.add (global.get $next) (i32.const 4)))
      (local.set $status (call $f (local.get $x) (call $get)))
      (if (i32.eq (local.get $status) (i32.const 2))
        (then (call $return (i32.load (call $get))) (return (i32.const 0))))
      (local.set $waitables (call $new))
      (call $join (i32.shr_u (local.get $status) (i32.const 4)) (local.get $waitables))
      (i32.or (i32.const 2) (i32.shl (local.get $waitables) (i32.const 4))))
    (func (export "callback") (param $event i32) (param $subtask i32) (param $state i32) (result i32)
      (if (i32.or (i32.ne (local.get $event) (i32.const 1)) (i32.ne (local.get $state) (i32.const 2))) (then unreachable))
      (call $drop (local.get $subtask))
      (call $return (i32.load (call $get)))
      (i32.const 0))
    (func (export "run-sync") (param i32) (result i32) (call $f-sync (local.get 0))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $memory)) (export "f" (func $f')) (export "f-sync" (func $f'')) (export "return" (func $return))
    (export "new" (func $new)) (export "join" (func $join)) (export "drop" (func $drop))
    (export "set" (func $set)) (export "get" (func $get))))))
  (func (export "run") async (param "x" u32) (result u32)
    (canon lift (core func $i "run") async (callback (core func $i "callback"))))
  (func (export "run-sync") async (param "x" u32) (result u32) (canon lift (core func $i "run-sync"))))`;

/** A callback function of this body, and what its callback does with the event in \`local 0\`. */
const callback = (body: string, onEvent: string): Promise<Uint8Array> =>
  component(`(component
    (core func $return (canon task.return (result u32)))
    (core func $new (canon waitable-set.new))
    (core module $m
      (import "" "return" (func $return (param i32))) (import "" "new" (func $new (result i32)))
      (global $count (mut i32) (i32.const 0))
      (func (export "run") (result i32) ${body})
      (func (export "callback") (param i32 i32 i32) (result i32) ${onEvent}))
    (core instance $i (instantiate $m (with "" (instance (export "return" (func $return)) (export "new" (func $new))))))
    (func (export "run") async (result u32)
      (canon lift (core func $i "run") async (callback (core func $i "callback")))))`);

const EXIT_WITH_42 = '(call $return (i32.const 42)) (i32.const 0)';

describe('tasks', () => {
  it('return when they say so, and go on until they exit', async () => {
    const { exports } = await direct(
      await callback(
        EXIT_WITH_42.replace('(i32.const 0)', '(i32.const 1)'),
        '(global.set $count (i32.add (global.get $count) (i32.const 1))) (i32.lt_u (global.get $count) (i32.const 5))',
      ),
    );
    expect(await (exports.run as Call)()).to.equal(42);
    expect(await (exports.run as Call)()).to.equal(42);
  });

  it('wait for what the host does, several in one instance', async () => {
    const open: ((value: number) => void)[] = [];
    const f = (): Promise<number> => new Promise((resolve) => open.push(resolve));
    const { exports } = await direct(await component(WAITS_FOR_IMPORT), { f: f as unknown as object });
    const calls = [1, 2, 3].map((x) => (exports.run as Call)(x));
    expect(open).to.have.length(3);
    for (const [index, resolve] of open.toReversed().entries()) resolve(index * 10);
    expect(await Promise.all(calls)).to.deep.equal([20, 10, 0]);
  });

  it('do not wait for a host function that is done when it returns', async () => {
    const f = (x: number): number => x + 1;
    const { exports } = await direct(await component(WAITS_FOR_IMPORT), { f: f as unknown as object });
    expect(await (exports.run as Call)(1)).to.equal(2);
    expect(await (exports.runSync as Call)(1)).to.equal(2);
  });

  it('fail with what a host function fails with, once it does', async () => {
    const f = (): Promise<number> => Promise.reject(new Error('out of order'));
    const { exports } = await direct(await component(WAITS_FOR_IMPORT), { f: f as unknown as object });
    expect(await rejection((exports.run as Call)(1))).to.match(/out of order/);
  });

  it('trap when nothing is left that they could wait for', async () => {
    const waits = '(i32.or (i32.const 2) (i32.shl (call $new) (i32.const 4)))';
    const { exports } = await direct(await callback(waits, 'unreachable'));
    expect(await rejection((exports.run as Call)())).to.match(/RuntimeError.*deadlock/);
  });

  for (const [what, body, message] of [
    ['that exit without a result', '(i32.const 0)', /without `task.return`/],
    ['that return twice', `(call $return (i32.const 1)) ${EXIT_WITH_42}`, /returned twice/],
    ['that trap', 'unreachable', /unreachable/],
    ['that ask for what there is not', '(i32.const 9)', /9 is no code/],
    ['that wait for a set which is none', '(i32.const 0x72)', /handle index/],
  ] as const) {
    it(`trap: those ${what}, and nothing enters their component afterwards`, async () => {
      const { exports } = await direct(await callback(body, 'unreachable'));
      expect(await rejection((exports.run as Call)())).to.match(message);
      expect(await rejection((exports.run as Call)())).to.match(/cannot enter/);
    });
  }

  it('are refused arguments that do not fit', async () => {
    const { exports } = await direct(await component(WAITS_FOR_IMPORT), { f: (() => 1) as unknown as object });
    expect(await rejection((exports.run as Call)('one'))).to.match(/args\[0\]: expected a u32, got a string/);
  });
});

/** `$d` calls `f` of `$c` as async, `times` over, and returns how many of the calls had returned. */
const composed = (f: string, times: number): Promise<Uint8Array> =>
  component(`(component
    (component $c
      (core module $libc (memory (export "memory") 1)) (core instance $libc (instantiate $libc))
      (alias core export $libc "memory" (core memory $memory))
      (core func $return (canon task.return))
      (core func $new (canon waitable-set.new))
      (core func $wait (canon waitable-set.wait (memory $memory)))
      (core module $m
        (import "" "return" (func $return)) (import "" "new" (func $new (result i32)))
        (import "" "wait" (func $wait (param i32 i32) (result i32)))
        (func (export "f") ${f}))
      (core instance $i (instantiate $m (with "" (instance
        (export "return" (func $return)) (export "new" (func $new)) (export "wait" (func $wait))))))
      (func (export "f") async (canon lift (core func $i "f") async)))
    (component $d
      (import "f" (func $f async))
      (core func $f' (canon lower (func $f) async))
      (core func $return (canon task.return (result u32)))
      (core module $m
        (import "" "f" (func $f (result i32))) (import "" "return" (func $return (param i32)))
        (func (export "run") (local $left i32) (local $returned i32)
          (local.set $left (i32.const ${times}))
          (loop $again
            (local.set $returned (i32.add (local.get $returned) (i32.eq (call $f) (i32.const 2))))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
          (call $return (local.get $returned))))
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $f')) (export "return" (func $return))))))
      (func (export "run") async (result u32) (canon lift (core func $i "run") async)))
    (instance $c (instantiate $c))
    (instance $d (instantiate $d (with "f" (func $c "f"))))
    (export "run" (func $d "run")))`);

const BLOCKS = '(drop (call $wait (call $new) (i32.const 0)))';

describe('tasks that wait on their stack', () => {
  it('let their caller go on, where Node can suspend them, and are refused by name where not', async () => {
    const { exports } = await direct(await composed(`(call $return) ${BLOCKS}`, 3));
    const run = (exports.run as Call)();
    if (canSwitchStacks) expect(await run).to.equal(3);
    else expect(await rejection(run)).to.match(/ERR_UNSUPPORTED_ENVIRONMENT/);
  });

  it('are as many as V8 survives', async () => {
    const { exports } = await direct(await composed(BLOCKS, 40_000));
    expect(await rejection((exports.run as Call)())).to.match(canSwitchStacks ? /more than 1000 tasks/ : /ERR_UNSUPP/);
  });

  it('as is the sequence of those that do not wait after all', async () => {
    const { exports } = await direct(await composed('(call $return)', 40_000));
    expect(await (exports.run as Call)()).to.equal(40_000);
  });
});

/** `$d` calls `f` of `$c` as async over and over, and does to each subtask what \`with\` says; both have callbacks. */
const flooded = (withSubtask: string, inCallee = ''): Promise<Uint8Array> =>
  component(`(component
    (component $c
      (core func $new (canon waitable-set.new))
      (core func $cancel (canon task.cancel)) (core func $return (canon task.return))
      (core module $m
        (import "" "new" (func $new (result i32))) (import "" "cancel" (func $cancel)) (import "" "return" (func $return))
        (global $set (mut i32) (i32.const 0))
        (func (export "f") (result i32)
          (if (i32.eqz (global.get $set)) (then (global.set $set (call $new))))
          ${inCallee}
          (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
        (func (export "callback") (param i32 i32 i32) (result i32) (call $cancel) (i32.const 0)))
      (core instance $i (instantiate $m (with "" (instance
        (export "new" (func $new)) (export "cancel" (func $cancel)) (export "return" (func $return))))))
      (func (export "f") async (canon lift (core func $i "f") async (callback (core func $i "callback")))))
    (component $d
      (import "f" (func $f async))
      (core func $f' (canon lower (func $f) async))
      (core func $return (canon task.return (result u32)))
      (core func $new (canon waitable-set.new)) (core func $join (canon waitable.join))
      (core func $cancel (canon subtask.cancel async)) (core func $drop (canon subtask.drop))
      (core module $m
        (import "" "f" (func $f (result i32))) (import "" "return" (func $return (param i32)))
        (import "" "new" (func $new (result i32))) (import "" "join" (func $join (param i32 i32)))
        (import "" "cancel" (func $cancel (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
        (global $count (mut i32) (i32.const 0))
        (func (export "run") (result i32) (local $set i32) (local $subtask i32)
          (local.set $set (call $new))
          (loop $again
            (local.set $subtask (i32.shr_u (call $f) (i32.const 4)))
            ${withSubtask}
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (br_if $again (i32.lt_u (global.get $count) (i32.const 100000))))
          (call $return (global.get $count))
          (i32.const 0))
        (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
      (core instance $i (instantiate $m (with "" (instance
        (export "f" (func $f')) (export "return" (func $return)) (export "new" (func $new)) (export "join" (func $join))
        (export "cancel" (func $cancel)) (export "drop" (func $drop))))))
      (func (export "run") async (result u32)
        (canon lift (core func $i "run") async (callback (core func $i "callback")))))
    (instance $c (instantiate $c))
    (instance $d (instantiate $d (with "f" (func $c "f"))))
    (export "run" (func $d "run")))`);

describe('guests that mean harm', () => {
  for (const [what, withSubtask] of [
    ['subtasks that never end', ''],
    ['a waitable set that grows', '(call $join (local.get $subtask) (local.get $set))'],
    ['waitable sets', '(drop (call $new))'],
  ] as const) {
    it(`have no more ${what} than the table of handles holds`, async () => {
      const { exports } = await direct(await flooded(withSubtask));
      expect(await rejection((exports.run as Call)())).to.match(/the handle table holds no more than 65536/);
    });
  }

  it('may cancel as many subtasks as they like, of which nothing is kept', async () => {
    const { exports } = await direct(
      await flooded('(drop (call $cancel (local.get $subtask))) (call $drop (local.get $subtask))'),
    );
    expect(await (exports.run as Call)()).to.equal(100_000);
  });

  it('have no more tasks that have returned and do not end than there may be threads', async () => {
    const { exports } = await direct(await flooded('', '(call $return)'));
    expect(await rejection((exports.run as Call)())).to.match(/more than 65536 threads in one component instance/);
  });
});
