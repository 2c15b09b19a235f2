import { type Calls, RETURNED } from './calls.ts';

/** The enum `error-code` of `wasi:sockets/network`. */
export const NETWORK_ERRORS: readonly string[] =
  `unknown access-denied not-supported invalid-argument out-of-memory timeout concurrency-conflict not-in-progress
  would-block invalid-state new-socket-limit address-not-bindable address-in-use remote-unreachable connection-refused
  connection-reset connection-aborted datagram-too-large name-unresolvable temporary-resolver-failure
  permanent-resolver-failure`.split(/\s+/);

/** Cases of the variant `error-code` of `wasi:http/types` that a refusal may be. */
const HTTP_ERRORS: Readonly<Record<string, number>> = {
  'destination-IP-prohibited': 4,
  'connection-refused': 6,
  'HTTP-request-denied': 15,
  'internal-error': 38,
};

const HTTP = 'wasi:http/types@0.2.0';

export const NETWORK_IMPORTS: string = `
  (import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $instance-network (result i32)))
  (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $create-tcp (param i32 i32)))
  (import "wasi:sockets/udp-create-socket@0.2.0" "create-udp-socket" (func $create-udp (param i32 i32)))
  (import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
  (import "${HTTP}" "[constructor]fields" (func $fields (result i32)))
  (import "${HTTP}" "[static]fields.from-list" (func $from-list (param i32 i32 i32)))
  (import "${HTTP}" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "${HTTP}" "[method]outgoing-request.set-scheme" (func $set-scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "${HTTP}" "[method]outgoing-request.set-authority" (func $set-authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $handle-request (param i32 i32 i32 i32)))`;

export const NETWORK_CALLS: Calls = {
  // `tcp`, `udp`: a socket. `resolve NAME`
  tcp: () => `(call $create-tcp (i32.const 0) (i32.const ${RETURNED})) ${SOCKET}`,
  udp: () => `(call $create-udp (i32.const 0) (i32.const ${RETURNED})) ${SOCKET}`,
  resolve: () =>
    `(call $resolve (call $instance-network) (call $word (i32.const 1)) (i32.const ${RETURNED})) ${SOCKET}`,
  // `bad-text`: looks up a name that is no UTF-8.
  'bad-text': (text) => `
    (call $resolve (call $instance-network) ${text.at(Uint8Array.of(0x61, 0xff))} (i32.const ${RETURNED})) ${SOCKET}`,
  // `http AUTHORITY`: a request of `/` there.
  http: (text) => `
    (local.set $h (call $request (call $fields)))
    (drop (call $set-scheme (local.get $h) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $set-authority (local.get $h) (i32.const 1) (call $word (i32.const 1))))
    (call $handle-request (local.get $h) (i32.const 0) (i32.const 0) (i32.const ${RETURNED}))
    (if (i32.eqz (i32.load8_u (i32.const ${RETURNED}))) (then (call $succeed) (return)))
    (local.set $i (i32.load8_u (i32.const ${RETURNED + 8})))
    ${Object.entries(HTTP_ERRORS)
      .map(
        ([name, code]) =>
          `(if (i32.eq (local.get $i) (i32.const ${code})) (then (call $fail ${text.at(name)}) (return)))`,
      )
      .join('\n')}
    (call $fail (call $decimal (local.get $i)))`,
  // `alias N LENGTH`: a list of N headers whose values are all the same LENGTH bytes of memory.
  alias: (text) => `
    (local.set $i (call $number (i32.const 1)))
    (local.set $h (call $bump (i32.const 0) (i32.const 0) (i32.shl (local.get $i) (i32.const 4))))
    (local.set $j (call $region (call $number (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $i)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (call $entry (i32.add (local.get $h) (i32.shl (local.get $i) (i32.const 4)))
        (local.get $j) (i32.const 1) (local.get $j) (call $number (i32.const 2)))
      (br $next)))
    (call $from-list (local.get $h) (call $number (i32.const 1)) (i32.const ${RETURNED}))
    (if (i32.load8_u (i32.const ${RETURNED})) (then (call $fail ${text.at('refused')}) (return)))
    (call $succeed)`,
  // `alias-names N LENGTH`: the same with the names, which are text.
  'alias-names': (text) => `
    (local.set $i (call $number (i32.const 1)))
    (local.set $h (call $bump (i32.const 0) (i32.const 0) (i32.shl (local.get $i) (i32.const 4))))
    (local.set $j (call $region (call $number (i32.const 2))))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $i)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (call $entry (i32.add (local.get $h) (i32.shl (local.get $i) (i32.const 4)))
        (local.get $j) (call $number (i32.const 2)) (local.get $j) (i32.const 1))
      (br $next)))
    (call $from-list (local.get $h) (call $number (i32.const 1)) (i32.const ${RETURNED}))
    (if (i32.load8_u (i32.const ${RETURNED})) (then (call $fail ${text.at('refused')}) (return)))
    (call $succeed)`,
};

/** What an entry of a list of headers looks like in memory. */
export const NETWORK_FUNCTIONS = `
  (func $entry (param $at i32) (param $name i32) (param $length i32) (param $value i32) (param $bytes i32)
    (i32.store (local.get $at) (local.get $name)) (i32.store offset=4 (local.get $at) (local.get $length))
    (i32.store offset=8 (local.get $at) (local.get $value)) (i32.store offset=12 (local.get $at) (local.get $bytes)))`;

const SOCKET = `
  (if (i32.load8_u (i32.const ${RETURNED}))
    (then (call $network-error (i32.load8_u (i32.const ${RETURNED + 4}))) (return)))
  (call $succeed)`;
