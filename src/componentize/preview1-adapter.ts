import { componentEmbed, parse } from '../jco/wasm-tools.ts';

/**
 * The errno values of WASI 0.1 that the adapter answers with.
 * https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
const BADF = 8;
const NOSYS = 52;

/** What the adapter needs of WASI 0.2. */
const WIT = `
package wasm-plugin-pool:adapter;

world preview1 {
  import wasi:cli/stderr@0.2.0;
  import wasi:clocks/monotonic-clock@0.2.0;
  import wasi:clocks/wall-clock@0.2.0;
  import wasi:random/random@0.2.0;
}

package wasi:io@0.2.0 {
  interface error { resource error; }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource output-stream {
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
    }
  }
}
package wasi:cli@0.2.0 {
  interface stderr {
    use wasi:io/streams@0.2.0.{output-stream};
    get-stderr: func() -> output-stream;
  }
}
package wasi:clocks@0.2.0 {
  interface monotonic-clock {
    type instant = u64;
    now: func() -> instant;
  }
  interface wall-clock {
    record datetime { seconds: u64, nanoseconds: u32 }
    now: func() -> datetime;
  }
}
package wasi:random@0.2.0 {
  interface random { get-random-u64: func() -> u64; }
}
`;

/** Functions of WASI 0.1 that work on a file descriptor or a path, by their parameters: `i` is an i32, `I` an i64. */
const FILES = {
  fd_advise: 'iIIi',
  fd_allocate: 'iII',
  fd_close: 'i',
  fd_datasync: 'i',
  fd_fdstat_get: 'ii',
  fd_fdstat_set_flags: 'ii',
  fd_fdstat_set_rights: 'iII',
  fd_filestat_get: 'ii',
  fd_filestat_set_size: 'iI',
  fd_filestat_set_times: 'iIIi',
  fd_pread: 'iiiIi',
  fd_prestat_dir_name: 'iii',
  fd_prestat_get: 'ii',
  fd_pwrite: 'iiiIi',
  fd_read: 'iiii',
  fd_readdir: 'iiiIi',
  fd_renumber: 'ii',
  fd_seek: 'iIii',
  fd_sync: 'i',
  fd_tell: 'ii',
  path_create_directory: 'iii',
  path_filestat_get: 'iiiii',
  path_filestat_set_times: 'iiiiIIi',
  path_link: 'iiiiiii',
  path_open: 'iiiiiIIii',
  path_readlink: 'iiiiii',
  path_remove_directory: 'iii',
  path_rename: 'iiiiii',
  path_symlink: 'iiiii',
  path_unlink_file: 'iii',
} as const;

/** The others that the adapter refuses. */
const REFUSED = {
  proc_raise: 'i',
  sock_accept: 'iii',
  sock_recv: 'iiiiii',
  sock_send: 'iiiii',
  sock_shutdown: 'ii',
} as const;

/**
 * An adapter from WASI 0.1 to the little of WASI 0.2 that a language's runtime needs to start: clocks, random numbers and
 * stderr. There are no files, arguments or environment variables.
 *
 * The usual adapter (`wasi_snapshot_preview1.reactor.wasm`) allocates memory through the guest's `cabi_realloc` before
 * it first answers. A guest whose runtime asks WASI for something while it starts, as that of Go does, is then entered
 * before it is ready, and ends with a trap. This one needs no memory of its own.
 */
export async function preview1Adapter(): Promise<Uint8Array> {
  return componentEmbed({ binary: await parse(WAT), witSource: WIT, world: 'preview1' });
}

/**
 * Where `now` and `write` want their answers. The adapter borrows 16 bytes of the guest for the time of such a call;
 * nothing else can run meanwhile.
 */
const BORROWED = 16;

const WAT = `(module
  (import "env" "memory" (memory 0))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $get-stderr (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-stream (param i32)))
  (import "wasi:io/error@0.2.0" "[resource-drop]error" (func $drop-error (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $monotonic (result i64)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))

  ;; No arguments and no environment: zero of them, in zero bytes.
  (func $none (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (export "args_sizes_get" (func $none))
  (export "environ_sizes_get" (func $none))
  (func $nothing (param i32 i32) (result i32) (i32.const 0))
  (export "args_get" (func $nothing))
  (export "environ_get" (func $nothing))
  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "proc_exit") (param i32) unreachable)

  (func (export "clock_res_get") (param $clock i32) (param $out i32) (result i32)
    (i64.store align=1 (local.get $out) (i64.const 1))
    (i32.const 0))

  ;; 0 is the wall clock, 1 the monotonic one; there are no others.
  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $out i32) (result i32)
    (local $a i64) (local $b i64) (local $time i64)
    (if (i32.gt_u (local.get $clock) (i32.const 1)) (then (return (i32.const ${NOSYS}))))
    (if (local.get $clock)
      (then (local.set $time (call $monotonic)))
      (else
        (local.set $a (i64.load (i32.const ${BORROWED})))
        (local.set $b (i64.load offset=8 (i32.const ${BORROWED})))
        (call $wall (i32.const ${BORROWED}))
        (local.set $time (i64.add
          (i64.mul (i64.load (i32.const ${BORROWED})) (i64.const 1000000000))
          (i64.load32_u offset=8 (i32.const ${BORROWED}))))
        (i64.store (i32.const ${BORROWED}) (local.get $a))
        (i64.store offset=8 (i32.const ${BORROWED}) (local.get $b))))
    (i64.store align=1 (local.get $out) (local.get $time))
    (i32.const 0))

  (func (export "random_get") (param $at i32) (param $size i32) (result i32)
    (local $bits i64)
    (block $done (loop $more
      (br_if $done (i32.eqz (local.get $size)))
      (if (i32.ge_u (local.get $size) (i32.const 8))
        (then
          (i64.store align=1 (local.get $at) (call $random))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (local.set $size (i32.sub (local.get $size) (i32.const 8))))
        (else
          (i32.store8 (local.get $at) (i32.wrap_i64 (call $random)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $size (i32.sub (local.get $size) (i32.const 1)))))
      (br $more)))
    (i32.const 0))

  ;; stdout and stderr both go to stderr, which ends in the host's log; a plugin answers with values. At most 4 KiB at a
  ;; time, as blocking-write-and-flush demands: fewer bytes than were given may be written.
  (func (export "fd_write") (param $fd i32) (param $vectors i32) (param $count i32) (param $written i32) (result i32)
    (local $a i64) (local $b i64) (local $stream i32) (local $size i32) (local $total i32)
    (if (i32.or (i32.eqz (local.get $fd)) (i32.gt_u (local.get $fd) (i32.const 2)))
      (then (return (i32.const ${BADF}))))
    (local.set $stream (call $get-stderr))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (local.set $size (i32.load offset=4 (local.get $vectors)))
      (if (i32.gt_u (local.get $size) (i32.const 4096)) (then (local.set $size (i32.const 4096))))
      (local.set $a (i64.load (i32.const ${BORROWED})))
      (local.set $b (i64.load offset=8 (i32.const ${BORROWED})))
      (call $write (local.get $stream) (i32.load (local.get $vectors)) (local.get $size) (i32.const ${BORROWED}))
      (if (i32.load8_u (i32.const ${BORROWED}))
        (then (if (i32.eqz (i32.load8_u offset=4 (i32.const ${BORROWED})))
          (then (call $drop-error (i32.load offset=8 (i32.const ${BORROWED})))))))
      (i64.store (i32.const ${BORROWED}) (local.get $a))
      (i64.store offset=8 (i32.const ${BORROWED}) (local.get $b))
      (local.set $total (i32.add (local.get $total) (local.get $size)))
      (br_if $done (i32.lt_u (local.get $size) (i32.load offset=4 (local.get $vectors))))
      (local.set $vectors (i32.add (local.get $vectors) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
    (call $drop-stream (local.get $stream))
    (i32.store (local.get $written) (local.get $total))
    (i32.const 0))

  ;; A wait ends at once, with no event: the runtime looks at the clock and waits again.
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $count i32) (param $events i32) (result i32)
    (i32.store (local.get $events) (i32.const 0))
    (i32.const 0))
${[...refusing(FILES, BADF), ...refusing(REFUSED, NOSYS)].join('\n')}
)`;

function refusing(functions: Readonly<Record<string, string>>, errno: number): string[] {
  return Object.entries(functions).map(([name, params]) => {
    const types = [...params].map((param) => (param === 'i' ? 'i32' : 'i64')).join(' ');
    return `  (func (export "${name}") (param ${types}) (result i32) (i32.const ${errno}))`;
  });
}
