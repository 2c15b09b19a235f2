import type { BuiltInOperand, Canon, CanonOptions, ValueTypeRef } from './ast.ts';
import { valueType } from './core-types.ts';
import { resultType } from './parse-types.ts';
import { hex, type Reader } from './reader.ts';

/** What follows the opcode of a built-in. */
type Immediate = 'index' | 'options' | 'flag' | 'core-type' | 'results';

/** The built-ins of async, threads and error contexts, with their immediates in order. */
const BUILT_INS: ReadonlyMap<number, readonly [name: string, ...immediates: Immediate[]]> = new Map([
  [0x05, ['task.cancel']],
  [0x06, ['subtask.cancel', 'flag']],
  [0x09, ['task.return', 'results', 'options']],
  [0x0a, ['context.get', 'core-type', 'index']],
  [0x0b, ['context.set', 'core-type', 'index']],
  [0x0c, ['thread.yield', 'flag']],
  [0x0d, ['subtask.drop']],
  [0x0e, ['stream.new', 'index']],
  [0x0f, ['stream.read', 'index', 'options']],
  [0x10, ['stream.write', 'index', 'options']],
  [0x11, ['stream.cancel-read', 'index', 'flag']],
  [0x12, ['stream.cancel-write', 'index', 'flag']],
  [0x13, ['stream.drop-readable', 'index']],
  [0x14, ['stream.drop-writable', 'index']],
  [0x15, ['future.new', 'index']],
  [0x16, ['future.read', 'index', 'options']],
  [0x17, ['future.write', 'index', 'options']],
  [0x18, ['future.cancel-read', 'index', 'flag']],
  [0x19, ['future.cancel-write', 'index', 'flag']],
  [0x1a, ['future.drop-readable', 'index']],
  [0x1b, ['future.drop-writable', 'index']],
  [0x1c, ['error-context.new', 'options']],
  [0x1d, ['error-context.debug-message', 'options']],
  [0x1e, ['error-context.drop']],
  [0x1f, ['waitable-set.new']],
  [0x20, ['waitable-set.wait', 'flag', 'index']],
  [0x21, ['waitable-set.poll', 'flag', 'index']],
  [0x22, ['waitable-set.drop']],
  [0x23, ['waitable.join']],
  [0x24, ['backpressure.inc']],
  [0x25, ['backpressure.dec']],
  [0x26, ['thread.index']],
  [0x27, ['thread.new-indirect', 'index', 'index']],
  [0x28, ['thread.resume-later']],
  [0x29, ['thread.suspend', 'flag']],
  [0x2a, ['thread.suspend-then-resume', 'flag']],
  [0x2b, ['thread.yield-then-resume', 'flag']],
  [0x2c, ['thread.suspend-then-promote', 'flag']],
  [0x2d, ['thread.yield-then-promote', 'flag']],
]);

const ENCODINGS = ['utf8', 'utf16', 'latin1+utf16'] as const;

/** One canonical definition. */
export function canon(reader: Reader): Canon {
  const offset = reader.position;
  const opcode = reader.u8();
  switch (opcode) {
    case 0x00: {
      reader.expect(0x00, 'a function to lift');
      const func = reader.u32();
      const options = canonOptions(reader);
      return { kind: 'canon', offset, canon: 'lift', func, options, type: reader.u32() };
    }
    case 0x01:
      reader.expect(0x00, 'a function to lower');
      return { kind: 'canon', offset, canon: 'lower', func: reader.u32(), options: canonOptions(reader) };
    case 0x02:
      return { kind: 'canon', offset, canon: 'resource.new', resource: reader.u32() };
    case 0x03:
      return { kind: 'canon', offset, canon: 'resource.drop', resource: reader.u32() };
    case 0x04:
      return { kind: 'canon', offset, canon: 'resource.rep', resource: reader.u32() };
  }
  const builtIn = BUILT_INS.get(opcode);
  if (builtIn === undefined) throw reader.fail(`${hex(opcode)} is no canonical definition that is known`, offset);
  const [name, ...immediates] = builtIn;
  const operands: BuiltInOperand[] = [];
  let result: ValueTypeRef | undefined;
  let options: CanonOptions | undefined;
  for (const immediate of immediates) {
    switch (immediate) {
      case 'index':
        operands.push(reader.u32());
        break;
      case 'flag':
        operands.push(reader.bool('a flag of a built-in'));
        break;
      case 'core-type':
        operands.push(valueType(reader));
        break;
      case 'options':
        options = canonOptions(reader);
        break;
      case 'results':
        result = resultType(reader);
        break;
    }
  }
  return { kind: 'canon', offset, canon: 'built-in', name, operands, result, options };
}

function canonOptions(reader: Reader): CanonOptions {
  const seen = new Map<string, number>();
  reader.vec('canonical options', () => {
    const at = reader.position;
    const byte = reader.u8();
    const once = (option: string, value: number) => {
      if (seen.has(option)) throw reader.fail(`the canonical option ${option} is given twice`, at);
      seen.set(option, value);
    };
    switch (byte) {
      case 0x00:
      case 0x01:
      case 0x02:
        return once('string-encoding', byte);
      case 0x03:
        return once('memory', reader.u32());
      case 0x04:
        return once('realloc', reader.u32());
      case 0x05:
        return once('post-return', reader.u32());
      case 0x06:
        return once('async', 1);
      case 0x07:
        return once('callback', reader.u32());
      case 0x08:
        return once('core-type', reader.u32());
      case 0x09:
        return once('gc', 1);
      default:
        throw reader.fail(`${hex(byte)} is no canonical option`, at);
    }
  });
  return {
    stringEncoding: ENCODINGS[seen.get('string-encoding') ?? 0]!,
    memory: seen.get('memory'),
    realloc: seen.get('realloc'),
    postReturn: seen.get('post-return'),
    callback: seen.get('callback'),
    async: seen.has('async'),
    gc: seen.has('gc') || seen.has('core-type'),
  };
}
