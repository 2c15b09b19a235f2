import type { CopyBuiltIn } from '../../plan/plan.ts';
import type { ComponentInstance } from '../component-instance.ts';
import type { Store } from '../store.ts';
import { trap } from '../trap.ts';
import { after } from './after.ts';
import { GuestBuffer } from './buffer.ts';
import { BLOCKED, type BuiltInParts, type Operation } from './built-in-parts.ts';
import { COPY, type CopyResult } from './copier.ts';
import { CopyEnd, type CopyKind } from './copy-end.ts';
import { SharedFuture } from './future.ts';
import type { Answer } from './lower.ts';
import type { Scheduler } from './scheduler.ts';
import { SharedStream } from './stream.ts';
import { EVENT } from './waitable.ts';
import { addEntry, COPY_ENDS } from './waitable-handles.ts';

/* `canon stream.*` and `canon future.*` of the specification. */

export function copyFunction(
  builtIn: CopyBuiltIn,
  store: Store,
  instance: ComponentInstance,
  parts: Pick<BuiltInParts, 'contexts' | 'elementsOf'>,
): Operation {
  const { handles } = instance;
  const { name, type } = builtIn;
  const kind = (name.startsWith('stream') ? 'stream' : 'future') satisfies CopyKind;
  const readable = /read/.test(name);
  const ends = COPY_ENDS[kind];
  const endAt = (index: number): CopyEnd =>
    ofType(handles.get(index, readable ? ends.readable : ends.writable).rep as CopyEnd, type);
  switch (builtIn.name) {
    case 'stream.new':
    case 'future.new': {
      const { plain } = parts.elementsOf(type);
      return () => {
        const shared = kind === 'stream' ? new SharedStream(type, plain) : new SharedFuture(type, plain);
        const reading = addEntry(handles, ends.readable, new CopyEnd(shared, true));
        const writing = addEntry(handles, ends.writable, new CopyEnd(shared, false));
        return BigInt(reading) | (BigInt(writing) << 32n);
      };
    }
    case 'stream.drop-readable':
    case 'stream.drop-writable':
    case 'future.drop-readable':
    case 'future.drop-writable':
      return (index) =>
        ofType(handles.remove(index!, readable ? ends.readable : ends.writable).rep as CopyEnd, type).drop();
    case 'stream.read':
    case 'stream.write':
    case 'future.read':
    case 'future.write': {
      const cx = parts.contexts[builtIn.context]!;
      const elements = parts.elementsOf(type);
      const { async } = builtIn;
      return (index, pointer, length = 1) => {
        const end = endAt(index!);
        if (end.state === 'done') throw trap(`cannot use a ${kind} that is done`);
        if (end.state !== 'idle') throw trap(`cannot use a ${kind} that copies`);
        assertAlone(end, async);
        const buffer = new GuestBuffer(cx, elements, pointer! >>> 0, length >>> 0);
        begin(end, EVENT[builtIn.name], index!, buffer, instance);
        return outcome(store.scheduler!, end, async);
      };
    }
    default: {
      const { async } = builtIn;
      return (index) => {
        const end = endAt(index!);
        if (end.state !== 'copying' || end.hasSyncWaiter) throw trap(`cannot cancel a ${kind} that does not copy`);
        assertAlone(end, async);
        end.state = 'cancelling';
        if (end.pendingEvent === undefined || end.partial) end.shared.cancel();
        return outcome(store.scheduler!, end, async);
      };
    }
  }
}

function ofType(end: CopyEnd, type: number): CopyEnd {
  if (end.shared.type !== type) throw trap('an end of a stream or future of another type');
  return end;
}

function assertAlone(end: CopyEnd, async: boolean): void {
  if (end.set !== undefined && !async) throw trap('cannot wait for what is in a waitable set');
}

/** `stream_copy` and `future_copy` up to where they may have to wait. */
function begin(end: CopyEnd, code: number, index: number, buffer: GuestBuffer, instance: ComponentInstance): void {
  const { shared } = end;
  const isStream = shared.kind === 'stream';
  const event = (result: CopyResult, reclaim?: () => void): void => {
    end.partial = reclaim !== undefined;
    end.pendingEvent = () => {
      reclaim?.();
      const done = result === COPY.dropped || (!isStream && result === COPY.completed);
      end.state = done ? 'done' : 'idle';
      return [code, index, isStream ? result | (buffer.progress << 4) : result];
    };
  };
  const copier = {
    buffer,
    instance,
    onCopy: (reclaim: () => void) => event(COPY.completed, reclaim),
    onDone: (result: CopyResult) => event(result),
  };
  end.state = 'copying';
  if (end.reads) shared.read(copier);
  else shared.write(copier);
}

function outcome(scheduler: Scheduler, end: CopyEnd, async: boolean): Answer {
  const payload = (): number => end.takeEvent()[2] | 0;
  if (end.pendingEvent !== undefined) return payload();
  if (async) return BLOCKED;
  return after(end.waitForEvent(scheduler), payload);
}
