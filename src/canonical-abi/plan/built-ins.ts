import type { Canon, CanonOptions } from '../../component/ast.ts';
import { invalidAt } from '../../component/reader.ts';
import { at } from '../../component/scope.ts';
import { isValueType, type Type } from '../../component/types.ts';
import { valueTypeIn } from '../../component/value-types.ts';
import { lazyFunction } from './core-definitions.ts';
import { type CoreSignature, coreSignature } from './core-signatures.ts';
import type { CoreDefinition, Space } from './definitions.ts';
import type { Emitter } from './emitter.ts';
import type { FlatType } from './layout.ts';
import type { BuiltIn, TypeIndex } from './plan.ts';
import { unsupported } from './unsupported.ts';

/* The built-ins of async. Some of them synchronous components import, too: see `runtime/built-ins.ts`. */

/** The core types of the built-ins, but for `task.return`, whose parameters are those of a result. */
const SIGNATURES: Readonly<Record<Exclude<BuiltIn['name'], 'task.return'>, CoreSignature>> = {
  'context.get': ' -> i32',
  'context.set': 'i32 -> ',
  'backpressure.dec': ' -> ',
  'backpressure.inc': ' -> ',
  'future.cancel-read': 'i32 -> i32',
  'future.cancel-write': 'i32 -> i32',
  'future.drop-readable': 'i32 -> ',
  'future.drop-writable': 'i32 -> ',
  'future.new': ' -> i64',
  'future.read': 'i32 i32 -> i32',
  'future.write': 'i32 i32 -> i32',
  'stream.cancel-read': 'i32 -> i32',
  'stream.cancel-write': 'i32 -> i32',
  'stream.drop-readable': 'i32 -> ',
  'stream.drop-writable': 'i32 -> ',
  'stream.new': ' -> i64',
  'stream.read': 'i32 i32 i32 -> i32',
  'stream.write': 'i32 i32 i32 -> i32',
  'subtask.cancel': 'i32 -> i32',
  'subtask.drop': 'i32 -> ',
  'task.cancel': ' -> ',
  'thread.yield': ' -> i32',
  'waitable-set.drop': 'i32 -> ',
  'waitable-set.new': ' -> i32',
  'waitable-set.poll': 'i32 i32 -> i32',
  'waitable-set.wait': 'i32 i32 -> i32',
  'waitable.join': 'i32 i32 -> ',
};

/** The type of the core function of a built-in. */
export function builtInType(name: keyof typeof SIGNATURES): {
  params: readonly FlatType[];
  results: readonly FlatType[];
} {
  const [params, results] = SIGNATURES[name].split('->').map((side) => side.trim().split(' ').filter(Boolean));
  return { params: params as FlatType[], results: results as FlatType[] };
}

/** `len(Thread.storage)` of the specification. */
const SLOTS = 2;

type BuiltInCanon = Extract<Canon, { canon: 'built-in' }>;

/** The core function of a built-in, which is made once it is referred to. */
export function builtIn(emitter: Emitter, space: Space, canon: BuiltInCanon): CoreDefinition {
  const { name, operands, offset, options } = canon;
  const { instance } = space;
  const emit = (func: BuiltIn): number => emitter.emit('funcs', { kind: 'built-in', instance, ...func });
  if (name === 'task.return') return taskReturn(emitter, space, canon, emit);
  if (!isKnown(name)) throw unsupported(`it uses the built-in \`${name}\``);
  const signature = SIGNATURES[name];
  switch (name) {
    case 'context.get':
    case 'context.set': {
      const [type, slot] = operands as [string, number];
      if (type !== 'i32') throw unsupported(`it keeps values of type ${type} for its threads`);
      if (slot >= SLOTS) throw invalidAt(offset, `a thread has ${SLOTS} values, and no number ${slot}`);
      return lazyFunction(signature, () => emit({ name, slot }));
    }
    case 'waitable-set.wait':
    case 'waitable-set.poll': {
      const [cancellable, index] = operands as [boolean, number];
      const memory = at(space.core.memory, index, 'core memory', offset);
      return lazyFunction(signature, () => emit({ name, memory: emitter.memory(memory.ref()), cancellable }));
    }
    case 'thread.yield':
      return lazyFunction(signature, () => emit({ name, cancellable: operands[0] as boolean }));
    case 'subtask.cancel':
      return lazyFunction(signature, () => emit({ name, async: operands[0] as boolean }));
    case 'stream.new':
    case 'stream.drop-readable':
    case 'stream.drop-writable':
    case 'future.new':
    case 'future.drop-readable':
    case 'future.drop-writable': {
      const type = copied(emitter, space, canon);
      return lazyFunction(signature, () => emit({ name, type }));
    }
    case 'stream.cancel-read':
    case 'stream.cancel-write':
    case 'future.cancel-read':
    case 'future.cancel-write': {
      const type = copied(emitter, space, canon);
      return lazyFunction(signature, () => emit({ name, type, async: operands[1] as boolean }));
    }
    case 'stream.read':
    case 'stream.write':
    case 'future.read':
    case 'future.write': {
      const type = copied(emitter, space, canon);
      assertPasses(emitter, type, options!, name.endsWith('read'), offset);
      const context = emitter.context(space, options!, offset);
      const { async } = options!;
      return lazyFunction(signature, () => emit({ name, type, context: context(), async }));
    }
    default:
      return lazyFunction(signature, () => emit({ name }));
  }
}

function isKnown(name: string): name is keyof typeof SIGNATURES {
  return Object.hasOwn(SIGNATURES, name);
}

/** `canon task.return`: its parameters are the result of the function, flattened as parameters are. */
function taskReturn(
  emitter: Emitter,
  space: Space,
  { result, options, offset }: BuiltInCanon,
  emit: (func: BuiltIn) => number,
): CoreDefinition {
  emitter.types.concurrent = true;
  const type = result === undefined ? undefined : emitter.types.index(valueTypeIn(space.scope, result, offset), offset);
  const layout = type === undefined ? undefined : emitter.types.layouts[type]!;
  if (layout?.borrows) throw invalidAt(offset, 'a borrowed handle is returned');
  const { async, callback, postReturn, realloc, memory } = options!;
  if (async || callback !== undefined || postReturn !== undefined || realloc !== undefined) {
    throw invalidAt(offset, 'a canonical option that `task.return` does not have');
  }
  const inMemory = layout !== undefined && layout.flat === undefined;
  if ((inMemory || layout?.allocates) && memory === undefined) {
    throw invalidAt(offset, 'the canonical option memory is missing');
  }
  const context = emitter.context(space, options!, offset);
  return lazyFunction(coreSignature(inMemory ? ['i32'] : (layout?.flat ?? []), []), () =>
    emit({ name: 'task.return', ...(type !== undefined && { result: type }), context: context() }),
  );
}

/** The type of the stream or future that a built-in is for. */
function copied(emitter: Emitter, { scope }: Space, { name, operands, offset }: BuiltInCanon): TypeIndex {
  const index = operands[0] as number;
  const type: Type = at(scope.types, index, 'type', offset);
  const kind = name.slice(0, name.indexOf('.'));
  if (!isValueType(type) || type.kind !== kind) throw invalidAt(offset, `type ${index} is not that of a ${kind}`);
  return emitter.types.index(type, offset);
}

/** @throws {PluginError} `ERR_INVALID_COMPONENT` where an option is missing that the elements call for. */
function assertPasses(emitter: Emitter, type: TypeIndex, options: CanonOptions, reads: boolean, offset: number): void {
  const node = emitter.types.types[type] as { readonly element?: TypeIndex };
  if (node.element === undefined) return;
  if (options.memory === undefined) throw invalidAt(offset, 'the canonical option memory is missing');
  if (reads && emitter.types.layouts[node.element]!.allocates && options.realloc === undefined) {
    throw invalidAt(offset, 'the canonical option realloc is missing');
  }
}
