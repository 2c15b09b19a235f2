import type { Literals } from '../../fixtures/literals.ts';
import { type Calls, RETURNED } from './calls.ts';

/** The enum `error-code` of `wasi:sockets/network`. */
export const NETWORK_ERRORS: readonly string[] =
  `unknown access-denied not-supported invalid-argument out-of-memory timeout concurrency-conflict not-in-progress
  would-block invalid-state new-socket-limit address-not-bindable address-in-use remote-unreachable connection-refused
  connection-reset connection-aborted datagram-too-large name-unresolvable temporary-resolver-failure
  permanent-resolver-failure`.split(/\s+/);

/** The variant `error-code` of `wasi:http/types`. */
const HTTP_ERRORS: readonly string[] =
  `DNS-timeout DNS-error destination-not-found destination-unavailable destination-IP-prohibited
  destination-IP-unroutable connection-refused connection-terminated connection-timeout connection-read-timeout
  connection-write-timeout connection-limit-reached TLS-protocol-error TLS-certificate-error TLS-alert-received
  HTTP-request-denied HTTP-request-length-required HTTP-request-body-size HTTP-request-method-invalid
  HTTP-request-URI-invalid HTTP-request-URI-too-long HTTP-request-header-section-size HTTP-request-header-size
  HTTP-request-trailer-section-size HTTP-request-trailer-size HTTP-response-incomplete
  HTTP-response-header-section-size HTTP-response-header-size HTTP-response-body-size
  HTTP-response-trailer-section-size HTTP-response-trailer-size HTTP-response-transfer-coding
  HTTP-response-content-coding HTTP-response-timeout HTTP-upgrade-failed HTTP-protocol-error loop-detected
  configuration-error internal-error`.split(/\s+/);

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
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $handle-request (param i32 i32 i32 i32)))
  (import "${HTTP}" "[method]outgoing-request.set-method" (func $set-method (param i32 i32 i32 i32) (result i32)))
  (import "${HTTP}" "[method]outgoing-request.set-path-with-query"
    (func $set-path (param i32 i32 i32 i32) (result i32)))
  (import "${HTTP}" "[method]outgoing-request.body" (func $request-body (param i32 i32)))
  (import "${HTTP}" "[method]outgoing-body.write" (func $body-write (param i32 i32)))
  (import "${HTTP}" "[static]outgoing-body.finish" (func $body-finish (param i32 i32 i32 i32)))
  (import "${HTTP}" "[method]future-incoming-response.subscribe" (func $future-subscribe (param i32) (result i32)))
  (import "${HTTP}" "[method]future-incoming-response.get" (func $future-get (param i32 i32)))
  (import "${HTTP}" "[method]incoming-response.status" (func $status (param i32) (result i32)))
  (import "${HTTP}" "[method]incoming-response.consume" (func $consume (param i32 i32)))
  (import "${HTTP}" "[method]incoming-body.stream" (func $body-stream (param i32 i32)))
  (import "${HTTP}" "[resource-drop]future-incoming-response" (func $drop-future (param i32)))
  (import "${HTTP}" "[resource-drop]incoming-response" (func $drop-response (param i32)))
  (import "${HTTP}" "[resource-drop]incoming-body" (func $drop-body (param i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-connect"
    (func $start-connect (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.finish-connect" (func $finish-connect (param i32 i32)))
  (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.subscribe" (func $tcp-subscribe (param i32) (result i32)))
  (import "wasi:sockets/tcp@0.2.0" "[resource-drop]tcp-socket" (func $drop-tcp (param i32)))`;

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
    ${httpError(text, RETURNED + 8)}`,
  // `fetch AUTHORITY PATH`, `post AUTHORITY PATH TEXT`: the status and the body of the response.
  fetch: (text) => `(local.set $h (call $new-request)) ${exchange(text)}`,
  post: (text) => `
    (local.set $h (call $new-request))
    (drop (call $set-method (local.get $h) (i32.const 2) (i32.const 0) (i32.const 0)))
    (call $request-body (local.get $h) (i32.const ${RETURNED}))
    (local.set $i (i32.load (i32.const ${RETURNED + 4})))
    (call $body-write (local.get $i) (i32.const ${RETURNED}))
    (local.set $j (i32.load (i32.const ${RETURNED + 4})))
    (call $stream-flush (local.get $j) (call $word (i32.const 3)) (i32.const ${RETURNED}))
    (call $drop-output (local.get $j))
    (call $body-finish (local.get $i) (i32.const 0) (i32.const 0) (i32.const ${RETURNED}))
    ${exchange(text)}`,
  // `connect PORT A B C D TEXT`: sends a text to A.B.C.D and says what comes back.
  connect: (text) => `
    (call $create-tcp (i32.const 0) (i32.const ${RETURNED}))
    (if (i32.load8_u (i32.const ${RETURNED}))
      (then (call $network-error (i32.load8_u (i32.const ${RETURNED + 4}))) (return)))
    (local.set $h (i32.load (i32.const ${RETURNED + 4})))
    (call $start-connect (local.get $h) (call $instance-network) (i32.const 0) (call $number (i32.const 1))
      (call $number (i32.const 2)) (call $number (i32.const 3)) (call $number (i32.const 4)) (call $number (i32.const 5))
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const ${RETURNED}))
    (if (i32.load8_u (i32.const ${RETURNED})) (then
      (call $drop-tcp (local.get $h))
      (call $network-error (i32.load8_u (i32.const ${RETURNED + 1}))) (return)))
    (local.set $i (call $tcp-subscribe (local.get $h)))
    (call $block (local.get $i)) (call $drop-pollable (local.get $i))
    (call $finish-connect (local.get $h) (i32.const ${RETURNED}))
    (if (i32.load8_u (i32.const ${RETURNED})) (then
      (call $drop-tcp (local.get $h))
      (call $network-error (i32.load8_u (i32.const ${RETURNED + 4}))) (return)))
    (local.set $i (i32.load (i32.const ${RETURNED + 4})))
    (local.set $j (i32.load (i32.const ${RETURNED + 8})))
    (call $stream-flush (local.get $j) (call $word (i32.const 6)) (i32.const ${RETURNED}))
    (call $drop-output (local.get $j))
    (if (i32.load8_u (i32.const ${RETURNED}))
      (then (call $drop-input (local.get $i)) (call $fail ${text.at('failed')}))
      (else (call $read-all (local.get $i))))
    (call $drop-tcp (local.get $h))`,
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
  ;; A request by HTTP of the path that the third word gives, or of /, to what the second word names.
  (func $new-request (result i32) (local $request i32) (local $p i32) (local $n i32)
    (local.set $request (call $request (call $fields)))
    (drop (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
    (drop (call $set-authority (local.get $request) (i32.const 1) (call $word (i32.const 1))))
    (call $word (i32.const 2)) (local.set $n) (local.set $p)
    (drop (call $set-path (local.get $request) (i32.ne (local.get $n) (i32.const 0)) (local.get $p) (local.get $n)))
    (local.get $request))
  (func $entry (param $at i32) (param $name i32) (param $length i32) (param $value i32) (param $bytes i32)
    (i32.store (local.get $at) (local.get $name)) (i32.store offset=4 (local.get $at) (local.get $length))
    (i32.store offset=8 (local.get $at) (local.get $value)) (i32.store offset=12 (local.get $at) (local.get $bytes)))`;

/** Says which error of HTTP is at an address, and is done with the line. */
function httpError(text: Literals, at: number): string {
  const cases = HTTP_ERRORS.map(
    (name, code) => `(if (i32.eq (local.get $i) (i32.const ${code})) (then (call $fail ${text.at(name)}) (return)))`,
  );
  return `(local.set $i (i32.load8_u (i32.const ${at}))) ${cases.join('\n')} unreachable`;
}

/** Sends the request in $h, waits, and says the status and the body. */
const exchange = (text: Literals): string => `
  (call $handle-request (local.get $h) (i32.const 0) (i32.const 0) (i32.const ${RETURNED}))
  (if (i32.load8_u (i32.const ${RETURNED})) (then ${httpError(text, RETURNED + 8)}))
  (local.set $h (i32.load (i32.const ${RETURNED + 8})))
  (local.set $i (call $future-subscribe (local.get $h)))
  (call $block (local.get $i)) (call $drop-pollable (local.get $i))
  (call $future-get (local.get $h) (i32.const ${RETURNED}))
  (call $drop-future (local.get $h))
  (if (i32.load8_u (i32.const ${RETURNED + 16})) (then ${httpError(text, RETURNED + 24)}))
  (local.set $h (i32.load (i32.const ${RETURNED + 24})))
  (call $say (call $decimal (call $status (local.get $h))))
  (call $say ${text.at(' ')})
  (call $consume (local.get $h) (i32.const ${RETURNED}))
  (local.set $i (i32.load (i32.const ${RETURNED + 4})))
  (call $body-stream (local.get $i) (i32.const ${RETURNED}))
  (local.set $j (i32.load (i32.const ${RETURNED + 4})))
  (block $end (loop $more
    (call $stream-read (local.get $j) (i64.const 4096) (i32.const ${RETURNED}))
    (br_if $end (i32.load8_u (i32.const ${RETURNED})))
    (call $say (i32.load (i32.const ${RETURNED + 4})) (i32.load (i32.const ${RETURNED + 8})))
    (br $more)))
  (if (i32.eqz (i32.load8_u (i32.const ${RETURNED + 4}))) (then (call $say ${text.at(' (cut)')})))
  (call $drop-input (local.get $j)) (call $drop-body (local.get $i)) (call $drop-response (local.get $h))
  (global.set $succeeded (i32.const 1))`;

const SOCKET = `
  (if (i32.load8_u (i32.const ${RETURNED}))
    (then (call $network-error (i32.load8_u (i32.const ${RETURNED + 4}))) (return)))
  (call $succeed)`;
