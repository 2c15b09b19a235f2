import { heapType } from './core-types.ts';
import { hex, type Reader } from './reader.ts';

/**
 * Steps over the initialiser of a table or a global, to find what comes after it.
 *
 * @throws {PluginError} `ERR_INVALID_COMPONENT` for an instruction that is rare there.
 */
export function skipConstantExpression(reader: Reader): void {
  for (;;) {
    const at = reader.position;
    const opcode = reader.u8();
    switch (opcode) {
      case 0x0b: // end
        return;
      case 0x41: // i32.const
        reader.skipInteger(32);
        break;
      case 0x42: // i64.const
        reader.skipInteger(64);
        break;
      case 0x43: // f32.const
        reader.take(4, 'a constant');
        break;
      case 0x44: // f64.const
        reader.take(8, 'a constant');
        break;
      case 0x23: // global.get
      case 0xd2: // ref.func
        reader.u32();
        break;
      case 0xd0: // ref.null
        heapType(reader);
        break;
      case 0x6a: // i32.add, sub, mul and i64.add, sub, mul
      case 0x6b:
      case 0x6c:
      case 0x7c:
      case 0x7d:
      case 0x7e:
        break;
      default:
        throw reader.fail(`instruction ${hex(opcode)} in a constant expression is not supported`, at);
    }
  }
}
