import { corePlugin, type Guest, guest } from '../../fixtures/core-plugin.ts';
import { plugin } from '../../support/wat.ts';

/** Bytes of a long answer, and of one that is as long as answers may be. */
const LONG_ANSWER: number = 1024 * 1024;
export const LONGEST_ANSWER: number = 16 * LONG_ANSWER;
/** What the former takes in this process: two bytes for each character, because of one that is not Latin-1. */
export const LONG_ANSWER_TAKES: number = 2 * (LONG_ANSWER - 2);

/**
 * Answers `long` with {@link LONG_ANSWER} bytes and `most` with {@link LONGEST_ANSWER}, of which three are one `€`, and
 * anything else with itself.
 */
export const longAnswers: Guest = guest(() =>
  plugin(
    corePlugin({
      memory: '260',
      definitions: `
        (func $long (param $n i32) (result i32)
          (memory.fill (i32.const 65536) (i32.const 97) (local.get $n))
          (i32.store (i32.const 65536) (i32.const 0x61ac82e2))
          (call $ok (i32.const 65536) (local.get $n)))`,
      process: `
        (if (i32.eq (i32.load8_u (local.get $p)) (i32.const 108)) (then (return (call $long (i32.const ${LONG_ANSWER})))))
        (if (i32.eq (i32.load8_u (local.get $p)) (i32.const 109)) (then (return (call $long (i32.const ${LONGEST_ANSWER})))))
        (call $ok (local.get $p) (local.get $n))`,
    }),
  ),
);
