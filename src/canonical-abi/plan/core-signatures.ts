import type { CoreModule } from '../../component/core-ast.ts';
import { valueType } from '../../component/core-types.ts';
import { Reader, type Span } from '../../component/reader.ts';
import { unsupported } from './unsupported.ts';

/** The type of a core function in one line, `i32 i64 -> f32`, so that equal ones are equal strings. */
export type CoreSignature = string;

export function coreSignature(params: readonly string[], results: readonly string[]): CoreSignature {
  return `${params.join(' ')} -> ${results.join(' ')}`;
}

/** The types of a module's functions, of which V8 checks those of calls between core modules, and we the others. */
export interface CoreFunctionTypes {
  /** The signature of a type index; undefined for one that is not that of a function. */
  ofType(index: number): CoreSignature | undefined;
  /** The signature of a function index, imported functions first. */
  ofFunction(index: number): CoreSignature | undefined;
}

const TYPE_SECTION = 1;
const FUNCTION_SECTION = 3;

/** Reads the type section and the function section of a module that has been parsed. */
export function coreFunctionTypes(bytes: Uint8Array, { imports, sections }: CoreModule): CoreFunctionTypes {
  const types: (CoreSignature | undefined)[] = [];
  const functions = imports.flatMap(({ type }) => (type.kind === 'func' ? [type.type] : []));
  const typeSection = sections.get(TYPE_SECTION);
  if (typeSection !== undefined) readTypes(bytes, typeSection.content, types);
  const functionSection = sections.get(FUNCTION_SECTION);
  if (functionSection !== undefined) {
    const reader = new Reader(bytes, functionSection.content);
    reader.vec('functions', () => void functions.push(reader.u32()));
  }
  return { ofType: (index) => types[index], ofFunction: (index) => types[functions[index] ?? -1] };
}

function readTypes(bytes: Uint8Array, span: Span, types: (CoreSignature | undefined)[]): void {
  const reader = new Reader(bytes, span);
  reader.vec('types', () => {
    if (reader.peek() !== 0x4e) {
      types.push(subType(reader));
      return;
    }
    reader.u8();
    reader.vec('types', () => void types.push(subType(reader)));
  });
}

function subType(reader: Reader): CoreSignature | undefined {
  const byte = reader.peek();
  if (byte === 0x4f || byte === 0x50) {
    reader.u8();
    reader.vec('supertypes', () => reader.u32());
  }
  if (reader.u8() !== 0x60) throw unsupported('a core module uses types of the garbage collection proposal');
  const values = (what: string): string[] => reader.vec(what, () => valueType(reader));
  return coreSignature(values('parameters'), values('results'));
}
