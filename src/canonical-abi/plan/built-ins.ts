import type { Canon } from '../../component/ast.ts';
import { invalidAt } from '../../component/reader.ts';
import { at } from '../../component/scope.ts';
import { lazyFunction } from './core-definitions.ts';
import type { CoreSignature } from './core-signatures.ts';
import type { CoreDefinition, Space } from './definitions.ts';
import type { Emitter } from './emitter.ts';
import type { BuiltIn } from './plan.ts';
import { unsupported } from './unsupported.ts';

/*
 * Built-ins of async that synchronous components import, because the toolchain links one runtime for both kinds
 * (componentize-qjs), or keeps its stack pointer in them (wasi-sdk). The rest is for components that are asynchronous.
 */

/** The core types of the built-ins. Those with a slot or a memory come first. */
const SIGNATURES: Readonly<Record<BuiltIn['name'], CoreSignature>> = {
  'context.get': ' -> i32',
  'context.set': 'i32 -> ',
  'waitable-set.wait': 'i32 i32 -> i32',
  'waitable-set.poll': 'i32 i32 -> i32',
  'backpressure.dec': ' -> ',
  'backpressure.inc': ' -> ',
  'subtask.cancel': 'i32 -> i32',
  'subtask.drop': 'i32 -> ',
  'task.cancel': ' -> ',
  'thread.yield': ' -> i32',
  'waitable-set.drop': 'i32 -> ',
  'waitable-set.new': ' -> i32',
  'waitable.join': 'i32 i32 -> ',
};

/** `len(Thread.storage)` of the specification. */
const SLOTS = 2;

/** The core function of a built-in, which is made once it is referred to. */
export function builtIn(
  emitter: Emitter,
  space: Space,
  { name, operands, offset }: Extract<Canon, { canon: 'built-in' }>,
): CoreDefinition {
  if (!isKnown(name)) throw unsupported(`it uses the built-in \`${name}\``);
  const { instance } = space;
  const emit = (func: BuiltIn): number => emitter.emit('funcs', { kind: 'built-in', instance, ...func });
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
      const memory = at(space.core.memory, operands[1] as number, 'core memory', offset);
      return lazyFunction(signature, () => emit({ name, memory: emitter.memory(memory.ref()) }));
    }
    default:
      return lazyFunction(signature, () => emit({ name }));
  }
}

function isKnown(name: string): name is BuiltIn['name'] {
  return Object.hasOwn(SIGNATURES, name);
}
