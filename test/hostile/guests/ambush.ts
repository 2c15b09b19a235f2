import { type CoreParts, corePlugin, type Guest, guest } from '../../fixtures/core-plugin.ts';
import type { Literals } from '../../fixtures/literals.ts';
import { plugin } from '../../support/wat.ts';

const misbehaving = (parts: (text: Literals) => CoreParts): Guest => guest(() => plugin(corePlugin(parts)));

/** Tells an input from `hello`, with which the next request is made. */
const ATTACKED = '(i32.ne (local.get $n) (i32.const 5))';

/**
 * Guests whose `cabi_realloc` does harm while the host lowers what `get-config` returns, so that it runs inside of a
 * call to the host. The configuration needs the key `key`.
 */
const reallocInHostCall = (harm: (text: Literals) => string): Guest =>
  misbehaving((text) => ({
    definitions: '(global $inside (mut i32) (i32.const 0))',
    realloc: `
      (if (global.get $inside) (then ${harm(text)}))
      (call $bump (local.get $old) (local.get $oldSize) (local.get $size))`,
    process: `
      (global.set $inside ${ATTACKED})
      (drop (call $config ${text.at('key')}))
      (global.set $inside (i32.const 0))
      (call $ok (local.get $p) (local.get $n))`,
  }));

export const reallocInHostCallSpins: Guest = reallocInHostCall(() => '(loop $ever (br $ever))');
export const reallocInHostCallTraps: Guest = reallocInHostCall(() => 'unreachable');
/** Calls the host from `cabi_realloc`, which the canonical ABI forbids. */
export const reallocInHostCallLogs: Guest = reallocInHostCall(
  (text) => `(drop (call $log ${text.at('info')} ${text.at('from realloc')}))`,
);
/** Calls `get-config` again, whose result is again put where `cabi_realloc` says: a recursion through the host. */
export const recursesThroughHost: Guest = reallocInHostCall((text) => `(drop (call $config ${text.at('key')}))`);

/** Calls the host while the arguments of `process` are lowered. */
export const reallocLogs: Guest = misbehaving((text) => ({
  realloc: `
    (if (i32.eq (local.get $size) (i32.const 6)) (then (drop (call $log ${text.at('info')} ${text.at('from realloc')}))))
    (call $bump (local.get $old) (local.get $oldSize) (local.get $size))`,
}));

/** Calls the host after its response was read. */
export const postReturnLogs: Guest = misbehaving((text) => ({
  definitions: '(global $attacked (mut i32) (i32.const 0))',
  process: `(global.set $attacked ${ATTACKED}) (call $ok (local.get $p) (local.get $n))`,
  postProcess: `
    (if (global.get $attacked) (then (drop (call $log ${text.at('info')} ${text.at('from post-return')}))))
    (call $reset)`,
}));

/** Calls the host from its start function, before there is a memory that the host knows of. */
export const startLogs: Guest = misbehaving((text) => ({
  definitions: `(func $start (drop (call $log ${text.at('info')} ${text.at('from start')}))) (start $start)`,
}));

/** Recurses with frames of thousands of locals. */
export const wideFrames: Guest = misbehaving(() => ({
  definitions: `
    (func $recurse (param $x i64) (result i64) (local ${'i64 '.repeat(5000)})
      (local.set 4000 (i64.add (local.get $x) (i64.const 1)))
      (i64.add (call $recurse (local.get 4000)) (local.get 4000)))`,
  process: `
    (if ${ATTACKED} (then (drop (call $recurse (i64.const 0)))))
    (call $ok (local.get $p) (local.get $n))`,
}));

/** Recurses and calls the host in each frame. */
export const recursesAndLogs: Guest = misbehaving((text) => ({
  definitions: `
    (func $recurse (param $x i32) (result i32)
      (drop (call $config ${text.at('none')}))
      (i32.add (call $recurse (i32.add (local.get $x) (i32.const 1))) (local.get $x)))`,
  process: `
    (if ${ATTACKED} (then (drop (call $recurse (i32.const 0)))))
    (call $ok (local.get $p) (local.get $n))`,
}));

/** Runs harm at its thousandth call and obeys before and after. */
const late = (harm: (text: Literals) => string): Guest =>
  misbehaving((text) => ({
    definitions: '(global $calls (mut i32) (i32.const 0)) (func $recurse (call $recurse) (call $recurse))',
    process: `
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (if (i32.eq (global.get $calls) (i32.const 1000)) (then ${harm(text)}))
      (call $ok (local.get $p) (local.get $n))`,
  }));

export const spinsLate: Guest = late(() => '(loop $ever (br $ever))');
export const trapsLate: Guest = late(() => 'unreachable');
export const recursesLate: Guest = late(() => '(call $recurse)');
export const exhaustsLate: Guest = late(
  () => '(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable',
);
export const liesLate: Guest = late(() => '(return (call $ok (i32.const -8) (i32.const 8)))');
export const floodsLate: Guest = late(
  (text) => `(loop $ever (drop (call $log ${text.at('info')} ${text.at('again')})) (br $ever))`,
);

/** `error N`: fails with a message of N bytes; `metadata` in the configuration: `get-metadata` answers with as many. */
export const giantError: Guest = misbehaving(() => ({
  process: `(local $length i32)
    (if ${ATTACKED} (then
      (local.set $length (i32.const 100000000))
      (local.set $p (call $bump (i32.const 0) (i32.const 0) (local.get $length)))
      (memory.fill (local.get $p) (i32.const 120) (local.get $length))
      (return (call $error (local.get $p) (local.get $length)))))
    (call $ok (local.get $p) (local.get $n))`,
}));
export const giantMetadata: Guest = misbehaving(() => ({
  metadata: `(local $p i32)
    (local.set $p (call $bump (i32.const 0) (i32.const 0) (i32.const 100000000)))
    (memory.fill (local.get $p) (i32.const 120) (i32.const 100000000))
    (call $metadata (local.get $p) (i32.const 100000000) (local.get $p) (i32.const 100000000)
      (local.get $p) (i32.const 100000000))`,
}));
/** `initialize` refuses with a text of 100 MB. */
export const giantRefusal: Guest = misbehaving(() => ({
  initialize: `
    (local.set $p (call $bump (i32.const 0) (i32.const 0) (i32.const 100000000)))
    (memory.fill (local.get $p) (i32.const 120) (i32.const 100000000))
    (call $refuse (local.get $p) (i32.const 100000000))`,
}));
/** Asks the host for a configuration key of 100 MB. */
export const giantKey: Guest = misbehaving(() => ({
  process: `
    (if ${ATTACKED} (then
      (local.set $p (call $bump (i32.const 0) (i32.const 0) (i32.const 100000000)))
      (memory.fill (local.get $p) (i32.const 120) (i32.const 100000000))
      (drop (call $config (local.get $p) (i32.const 100000000)))))
    (call $ok (local.get $p) (local.get $n))`,
}));

/** Text that a terminal would act on, as WAT writes it. */
const FORGED = '\\1b[2J\\0d\\0a[error] forged \\e2\\80\\ae';

/** Traps in a function whose name is such a text. */
export const trapsInForgedName: Guest = misbehaving(() => ({
  definitions: `(func $trap (@name "${FORGED}") unreachable)`,
  process: `
    (if ${ATTACKED} (then (call $trap)))
    (call $ok (local.get $p) (local.get $n))`,
}));
/** Refuses to start, for such a reason. */
export const refusesWithForgery: Guest = misbehaving((text) => ({
  initialize: `(call $refuse ${text.at('\u001b[2J\r\n[error] forged \u202e')})`,
}));
