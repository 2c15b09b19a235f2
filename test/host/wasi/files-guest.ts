import { plugin } from '../../support/wat.ts';

/** The part of WASI 0.2.0 that the guest imports, declared as the standard does. */
const WIT = `
package test:files;
world files {
  import wasi:filesystem/types@0.2.0;
  import wasi:filesystem/preopens@0.2.0;
  import wasi:cli/stdout@0.2.0;
  export cat: func(path: string) -> result<string, u32>;
}
package wasi:io@0.2.0 {
  interface error { resource error; }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
    resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
  }
}
package wasi:cli@0.2.0 {
  interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
}
package wasi:filesystem@0.2.0 {
  interface types {
    use wasi:io/streams@0.2.0.{input-stream};
    enum error-code {
      access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large,
      illegal-byte-sequence, in-progress, interrupted, invalid, io, is-directory, loop, too-many-links, message-size,
      name-too-long, no-device, no-entry, no-lock, insufficient-memory, insufficient-space, not-directory, not-empty,
      not-recoverable, unsupported, no-tty, no-such-device, overflow, not-permitted, pipe, read-only, invalid-seek,
      text-file-busy, cross-device,
    }
    flags path-flags { symlink-follow }
    flags open-flags { create, directory, exclusive, truncate }
    flags descriptor-flags {
      read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory,
    }
    resource descriptor {
      open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
        -> result<descriptor, error-code>;
      read-via-stream: func(offset: u64) -> result<input-stream, error-code>;
    }
  }
  interface preopens {
    use types.{descriptor};
    get-directories: func() -> list<tuple<descriptor, string>>;
  }
}`;

/**
 * `cat(path)`: opens a file below the first preopened directory, reads it with one call through a stream, prints it to
 * stdout and returns it; or returns the place of the error in the enum `error-code`.
 */
const CORE = `
(module
  (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $get-directories (param i32)))
  (import "wasi:filesystem/types@0.2.0" "[method]descriptor.open-at"
    (func $open-at (param i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:filesystem/types@0.2.0" "[method]descriptor.read-via-stream"
    (func $read-via-stream (param i32 i64 i32)))
  (import "wasi:filesystem/types@0.2.0" "[resource-drop]descriptor" (func $drop-descriptor (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]input-stream" (func $drop-input (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-output (param i32)))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get-stdout (result i32)))
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 1024))
  (global $root (mut i32) (i32.const -1))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "cat") (param $path i32) (param $length i32) (result i32)
    (local $file i32) (local $stream i32) (local $out i32)
    (if (i32.eq (global.get $root) (i32.const -1)) (then
      (call $get-directories (i32.const 0))
      (if (i32.eqz (i32.load offset=4 (i32.const 0))) (then unreachable))
      (global.set $root (i32.load (i32.load (i32.const 0))))))
    (call $open-at (global.get $root) (i32.const 1) (local.get $path) (local.get $length) (i32.const 0) (i32.const 1)
      (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then
      (i32.store8 (i32.const 32) (i32.const 1))
      (i32.store offset=4 (i32.const 32) (i32.load8_u offset=4 (i32.const 0)))
      (return (i32.const 32))))
    (local.set $file (i32.load offset=4 (i32.const 0)))
    (call $read-via-stream (local.get $file) (i64.const 0) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then unreachable))
    (local.set $stream (i32.load offset=4 (i32.const 0)))
    (call $drop-descriptor (local.get $file))
    (call $read (local.get $stream) (i64.const 4096) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then unreachable))
    (call $drop-input (local.get $stream))
    (local.set $out (call $get-stdout))
    (call $write (local.get $out) (i32.load offset=4 (i32.const 0)) (i32.load offset=8 (i32.const 0)) (i32.const 64))
    (call $drop-output (local.get $out))
    (i32.store8 (i32.const 32) (i32.const 0))
    (i32.store offset=4 (i32.const 32) (i32.load offset=4 (i32.const 0)))
    (i32.store offset=8 (i32.const 32) (i32.load offset=8 (i32.const 0)))
    (global.set $free (i32.const 1024))
    (i32.const 32)))`;

/** A component that reads files through WASI 0.2, as a guest's standard library would. */
export function filesGuest(): Promise<Uint8Array> {
  return plugin(CORE, 'files', WIT);
}
