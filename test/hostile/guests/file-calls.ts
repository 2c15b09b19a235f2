import { type Calls, RETURNED } from './calls.ts';

/** The enum `error-code` of `wasi:filesystem/types`. */
export const FILE_ERRORS: readonly string[] =
  `access would-block already bad-descriptor busy deadlock quota exist file-too-large illegal-byte-sequence in-progress
  interrupted invalid io is-directory loop too-many-links message-size name-too-long no-device no-entry no-lock
  insufficient-memory insufficient-space not-directory not-empty not-recoverable unsupported no-tty no-such-device
  overflow not-permitted pipe read-only invalid-seek text-file-busy cross-device`.split(/\s+/);

/** The enum `descriptor-type`. */
const TYPES = [
  'unknown',
  'block-device',
  'character-device',
  'directory',
  'fifo',
  'symbolic-link',
  'regular-file',
  'socket',
];

const TYPES_MODULE = 'wasi:filesystem/types@0.2.0';
const method = (name: string, params: string): string =>
  `(import "${TYPES_MODULE}" "[method]descriptor.${name}" (func $${name} (param ${params})))`;

export const FILE_IMPORTS: string = `
  (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $get-directories (param i32)))
  (import "${TYPES_MODULE}" "[resource-drop]descriptor" (func $drop-descriptor (param i32)))
  (import "${TYPES_MODULE}" "[resource-drop]directory-entry-stream" (func $drop-entries (param i32)))
  (import "${TYPES_MODULE}" "[method]directory-entry-stream.read-directory-entry" (func $read-entry (param i32 i32)))
  ${method('open-at', 'i32 i32 i32 i32 i32 i32 i32')}
  ${method('read', 'i32 i64 i64 i32')}
  ${method('write', 'i32 i32 i32 i64 i32')}
  ${method('stat-at', 'i32 i32 i32 i32 i32')}
  ${method('set-size', 'i32 i64 i32')}
  ${method('set-times', 'i32 i32 i64 i32 i32 i64 i32 i32')}
  ${method('set-times-at', 'i32 i32 i32 i32 i32 i64 i32 i32 i64 i32 i32')}
  ${method('link-at', 'i32 i32 i32 i32 i32 i32 i32 i32')}
  ${method('rename-at', 'i32 i32 i32 i32 i32 i32 i32')}
  ${method('symlink-at', 'i32 i32 i32 i32 i32 i32')}
  ${method('readlink-at', 'i32 i32 i32 i32')}
  ${method('unlink-file-at', 'i32 i32 i32 i32')}
  ${method('remove-directory-at', 'i32 i32 i32 i32')}
  ${method('create-directory-at', 'i32 i32 i32 i32')}
  ${method('read-directory', 'i32 i32')}
  ${method('read-via-stream', 'i32 i64 i32')}
  ${method('write-via-stream', 'i32 i64 i32')}
  ${method('append-via-stream', 'i32 i32')}`;

/** Says the error at a place of a result and is done with the line, if there is one. */
const errorAt = (offset: number): string => `
  (if (i32.load8_u (i32.const ${RETURNED}))
    (then (call $file-error (i32.load8_u (i32.const ${RETURNED + offset}))) (return)))`;
const returned = (offset: number): string => `(i32.load (i32.const ${RETURNED + offset}))`;
const NOW = '(i32.const 1) (i64.const 0) (i32.const 0)';

export const FILE_CALLS: Calls = {
  // `preopens`: keeps what is granted; says under which paths.
  preopens: (text) => `
    (call $get-directories (i32.const ${RETURNED}))
    (local.set $h ${returned(0)}) (local.set $i ${returned(4)})
    (if (i32.eqz (local.get $i)) (then (call $say ${text.at('none')})))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $i)))
      (call $keep (i32.load (local.get $h)))
      (call $say (i32.load offset=4 (local.get $h)) (i32.load offset=8 (local.get $h)))
      (call $say ${text.at(' ')})
      (local.set $h (i32.add (local.get $h) (i32.const 12)))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br $next)))`,
  // `open D PATH FOLLOW OPEN-FLAGS DESCRIPTOR-FLAGS`: keeps the descriptor. The flags are numbers.
  open: () => `
    (call $open-at (call $handle (i32.const 1)) (call $number (i32.const 3)) (call $word (i32.const 2))
      (call $number (i32.const 4)) (call $number (i32.const 5)) (i32.const ${RETURNED}))
    ${errorAt(4)} (call $keep ${returned(4)}) (call $succeed)`,
  // `read F LENGTH OFFSET`: says the text.
  read: (text) => `
    (call $read (call $handle (i32.const 1)) (call $big (i32.const 2)) (call $big (i32.const 3)) (i32.const ${RETURNED}))
    ${errorAt(4)} (call $succeed) (call $say ${text.at(' ')}) (call $say ${returned(4)} ${returned(8)})`,
  // `length F LENGTH OFFSET`: says how many bytes came.
  length: () => `
    (call $read (call $handle (i32.const 1)) (call $big (i32.const 2)) (call $big (i32.const 3)) (i32.const ${RETURNED}))
    ${errorAt(4)} (call $say (call $decimal ${returned(8)}))`,
  // `write F OFFSET TEXT`
  write: () => `
    (call $write (call $handle (i32.const 1)) (call $word (i32.const 3)) (call $big (i32.const 2)) (i32.const ${RETURNED}))
    ${errorAt(8)} (call $succeed)`,
  // `fill F OFFSET N`: writes N bytes.
  fill: () => `
    (call $write (call $handle (i32.const 1)) (call $region (call $number (i32.const 3))) (call $number (i32.const 3))
      (call $big (i32.const 2)) (i32.const ${RETURNED}))
    ${errorAt(8)} (call $succeed)`,
  // `stat-at D PATH FOLLOW`: says the type.
  'stat-at': (text) => `
    (call $stat-at (call $handle (i32.const 1)) (call $number (i32.const 3)) (call $word (i32.const 2)) (i32.const ${RETURNED}))
    ${errorAt(8)}
    ${TYPES.map((name, type) => `(if (i32.eq (i32.load8_u (i32.const ${RETURNED + 8})) (i32.const ${type})) (then (call $say ${text.at(name)})))`).join('\n')}`,
  // `set-size F SIZE`
  'set-size': () => `
    (call $set-size (call $handle (i32.const 1)) (call $big (i32.const 2)) (i32.const ${RETURNED})) ${errorAt(1)} (call $succeed)`,
  // `set-times F`, `set-times-at D PATH FOLLOW`: both times to now.
  'set-times': () => `
    (call $set-times (call $handle (i32.const 1)) ${NOW} ${NOW} (i32.const ${RETURNED})) ${errorAt(1)} (call $succeed)`,
  'set-times-at': () => `
    (call $set-times-at (call $handle (i32.const 1)) (call $number (i32.const 3)) (call $word (i32.const 2)) ${NOW} ${NOW}
      (i32.const ${RETURNED}))
    ${errorAt(1)} (call $succeed)`,
  // `link D PATH FOLLOW D2 NEW`
  link: () => `
    (call $link-at (call $handle (i32.const 1)) (call $number (i32.const 3)) (call $word (i32.const 2))
      (call $handle (i32.const 4)) (call $word (i32.const 5)) (i32.const ${RETURNED}))
    ${errorAt(1)} (call $succeed)`,
  // `rename D OLD D2 NEW`
  rename: () => `
    (call $rename-at (call $handle (i32.const 1)) (call $word (i32.const 2)) (call $handle (i32.const 3))
      (call $word (i32.const 4)) (i32.const ${RETURNED}))
    ${errorAt(1)} (call $succeed)`,
  // `symlink D TARGET PATH`
  symlink: () => `
    (call $symlink-at (call $handle (i32.const 1)) (call $word (i32.const 2)) (call $word (i32.const 3)) (i32.const ${RETURNED}))
    ${errorAt(1)} (call $succeed)`,
  // `readlink D PATH`
  readlink: (text) => `
    (call $readlink-at (call $handle (i32.const 1)) (call $word (i32.const 2)) (i32.const ${RETURNED}))
    ${errorAt(4)} (call $succeed) (call $say ${text.at(' ')}) (call $say ${returned(4)} ${returned(8)})`,
  // `unlink D PATH`, `rmdir D PATH`, `mkdir D PATH`
  unlink: () => atPath('unlink-file-at'),
  rmdir: () => atPath('remove-directory-at'),
  mkdir: () => atPath('create-directory-at'),
  // `list D`: the names, in the order of the directory.
  list: (text) => `
    (call $read-directory (call $handle (i32.const 1)) (i32.const ${RETURNED}))
    ${errorAt(4)}
    (local.set $h ${returned(4)})
    (call $succeed)
    (block $done (loop $next
      (call $read-entry (local.get $h) (i32.const ${RETURNED}))
      (if (i32.load8_u (i32.const ${RETURNED})) (then (call $file-error (i32.load8_u (i32.const ${RETURNED + 4}))) (br $done)))
      (br_if $done (i32.eqz (i32.load8_u (i32.const ${RETURNED + 4}))))
      (call $say ${text.at(' ')}) (call $say ${returned(12)} ${returned(16)})
      (br $next)))
    (call $drop-entries (local.get $h))`,
  // `read-stream F`, `write-stream F TEXT`, `append-stream F TEXT`
  'read-stream': () => `
    (call $read-via-stream (call $handle (i32.const 1)) (i64.const 0) (i32.const ${RETURNED}))
    ${errorAt(4)} (call $read-all ${returned(4)})`,
  'write-stream': () => `
    (call $write-via-stream (call $handle (i32.const 1)) (i64.const 0) (i32.const ${RETURNED}))
    ${errorAt(4)} (call $write-all ${returned(4)} (call $word (i32.const 2)))`,
  'append-stream': () => `
    (call $append-via-stream (call $handle (i32.const 1)) (i32.const ${RETURNED}))
    ${errorAt(4)} (call $write-all ${returned(4)} (call $word (i32.const 2)))`,
  // `churn D PATH`: makes a directory and removes it.
  churn: () => `
    (call $create-directory-at (call $handle (i32.const 1)) (call $word (i32.const 2)) (i32.const ${RETURNED})) ${errorAt(1)}
    (call $remove-directory-at (call $handle (i32.const 1)) (call $word (i32.const 2)) (i32.const ${RETURNED})) ${errorAt(1)}
    (call $succeed)`,
  // `cat D PATH`: opens, reads and drops a file.
  cat: (text) => `
    (call $open-at (call $handle (i32.const 1)) (i32.const 1) (call $word (i32.const 2)) (i32.const 0) (i32.const 1)
      (i32.const ${RETURNED}))
    ${errorAt(4)}
    (local.set $h ${returned(4)})
    (call $read (local.get $h) (i64.const 1000) (i64.const 0) (i32.const ${RETURNED}))
    (call $drop-descriptor (local.get $h))
    ${errorAt(4)} (call $succeed) (call $say ${text.at(' ')}) (call $say ${returned(4)} ${returned(8)})`,
  // `put D PATH TEXT`: opens or creates, writes and drops a file.
  put: () => `
    (call $open-at (call $handle (i32.const 1)) (i32.const 1) (call $word (i32.const 2)) (i32.const 1) (i32.const 2)
      (i32.const ${RETURNED}))
    ${errorAt(4)}
    (local.set $h ${returned(4)})
    (call $write (local.get $h) (call $word (i32.const 3)) (i64.const 0) (i32.const ${RETURNED}))
    (call $drop-descriptor (local.get $h))
    ${errorAt(8)} (call $succeed)`,
  // `race N CALL…`: makes a call until it has both succeeded and failed N times, or said something with an `o` at its
  // fourth byte (`ok outside`); says which.
  race: (text) => `
    (local.set $i (call $number (i32.const 1)))
    (local.set $h (call $word-start (i32.const 2)))
    (local.set $n (i32.sub (i32.add (local.get $p) (local.get $n)) (local.get $h)))
    (local.set $p (global.get $end))
    (loop $again
      (global.set $end (local.get $p))
      (i32.store (local.get $p) (i32.const 0))
      (call $call (local.get $h) (local.get $n))
      (if (i32.and (global.get $succeeded) (i32.eq (i32.load8_u offset=3 (local.get $p)) (i32.const 111))) (then (return)))
      (if (global.get $succeeded)
        (then (local.set $k (i64.add (local.get $k) (i64.const 1))))
        (else (local.set $k (i64.add (local.get $k) (i64.const 0x100000000)))))
      (br_if $again (i32.lt_u (i32.wrap_i64 (local.get $k)) (local.get $i)))
      (br_if $again (i64.lt_u (i64.shr_u (local.get $k) (i64.const 32)) (i64.extend_i32_u (local.get $i)))))
    (global.set $end (local.get $p))
    (call $say ${text.at('both won')})`,
  // `drop D`
  drop: () => '(call $drop-descriptor (call $handle (i32.const 1))) (call $succeed)',
};

function atPath(name: string): string {
  return `
    (call $${name} (call $handle (i32.const 1)) (call $word (i32.const 2)) (i32.const ${RETURNED})) ${errorAt(1)} (call $succeed)`;
}
