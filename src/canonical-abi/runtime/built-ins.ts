import { brokenAbi } from '../glue.ts';
import type { BuiltIn, CopyBuiltIn } from '../plan/plan.ts';
import { commonBuiltIn, poisoning } from './common-built-ins.ts';
import type { ComponentInstance } from './component-instance.ts';
import type { CoreFunction } from './flat-value.ts';
import { assertMayLeave } from './functions.ts';
import type { GuestMemory } from './memory.ts';
import type { ResourceType } from './resources.ts';
import type { Store } from './store.ts';
import { trap } from './trap.ts';

/*
 * Built-ins of async in a component that is synchronous: it has no subtasks, streams or futures, so that nothing ever
 * joins a waitable set, and nothing could be waited for. The rules are those of the specification ("canon waitable-set.new"
 * and the sections around it).
 */

/** What tells a waitable set from the other entries of a handle table. */
const WAITABLE_SET: ResourceType = { instance: undefined, destructor: undefined, prototype: Object.prototype, life: 0 };
/** Nothing is of this type, so that looking for one is always the trap that it has to be. */
const WAITABLE: ResourceType = { instance: undefined, destructor: undefined, prototype: Object.prototype, life: 0 };

/** `EventCode.NONE` */
const NO_EVENT = 0;
/** `Cancelled.FALSE` */
const NOT_CANCELLED = 0;

/** Those that a component may import whose plan says that its calls do not wait for each other. */
export type SynchronousBuiltIn = Exclude<BuiltIn, CopyBuiltIn | { readonly name: 'task.return' }>;

/** The core function of a built-in. @param memories Of the instance that is being made. */
export function builtInFunction(
  builtIn: SynchronousBuiltIn,
  store: Store,
  instance: ComponentInstance,
  memories: readonly GuestMemory[],
): CoreFunction {
  const { handles } = instance;
  /** A built-in that must not be called while the host allocates in the guest or cleans up after it. */
  const leaving = (func: (...operands: number[]) => number | undefined): CoreFunction =>
    poisoning(store, instance, (...operands) => {
      assertMayLeave(instance);
      return func(...operands);
    });
  switch (builtIn.name) {
    case 'context.get':
    case 'context.set':
    case 'backpressure.inc':
    case 'backpressure.dec':
      return commonBuiltIn(builtIn, store, instance);
    case 'task.cancel':
      return leaving(() => {
        throw trap('task.cancel called by a synchronous task');
      });
    case 'thread.yield':
      return leaving(() => NOT_CANCELLED);
    case 'waitable-set.new':
      return leaving(() => handles.add({ type: WAITABLE_SET, rep: undefined, borrowScope: undefined, lends: 0 }));
    case 'waitable-set.drop':
      return leaving((set) => void handles.remove(set!, WAITABLE_SET) as undefined);
    case 'waitable-set.wait':
      return leaving((set) => {
        handles.get(set!, WAITABLE_SET);
        throw trap('cannot block a synchronous task before returning');
      });
    case 'waitable-set.poll': {
      const memory = memories[builtIn.memory]!;
      return leaving((set, at) => {
        handles.get(set!, WAITABLE_SET);
        writeNoEvent(memory, at! >>> 0);
        return NO_EVENT;
      });
    }
    case 'subtask.cancel':
    case 'subtask.drop':
    case 'waitable.join':
      return leaving((waitable) => void handles.get(waitable!, WAITABLE) as undefined);
  }
}

/** `unpack_event` of the specification, for the event that there is none. */
function writeNoEvent(memory: GuestMemory, at: number): void {
  memory.refresh();
  if (at % 4 !== 0) throw brokenAbi('a pointer to an event is not aligned to 4', {});
  if (at + 8 > memory.bytes.length) throw brokenAbi('an event lies beyond the end of memory', {});
  memory.view.setUint32(at, 0, true);
  memory.view.setUint32(at + 4, 0, true);
}
