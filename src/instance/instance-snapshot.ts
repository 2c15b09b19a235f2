import type { LiveComponent } from '../canonical-abi/runtime/component.ts';
import { PluginError } from '../errors.ts';
import { Exit } from '../host/wasi/exit.ts';
import type { Wasi } from '../host/wasi/index.ts';
import { CoreSnapshot } from './core-snapshot.ts';
import { OutOfFuel } from './fuel.ts';

/** What an instance can be brought back to. */
export interface InstanceSnapshot {
  /** Bytes of the host's memory that it takes. */
  readonly bytes: number;
  /** @returns false where it cannot be any more: a memory has grown, and none can shrink. */
  rewind(): boolean;
}

/** What globals, handles and the like take, roughly. */
const BOOKS_BYTES = 4096;

/** Where an instance has its state. */
interface Parts {
  readonly live: LiveComponent;
  readonly wasi: Wasi | undefined;
  readonly cores: readonly WebAssembly.Instance[];
  readonly memories: readonly WebAssembly.Memory[];
}

/**
 * Notes the state of an instance, between two calls.
 *
 * @param maxBytes The most that it may take.
 * @returns Why it cannot be brought back to it, if so.
 */
export function takeSnapshot({ live, wasi, cores, memories }: Parts, maxBytes: number): InstanceSnapshot | string {
  const binding = live.keep();
  if (typeof binding === 'string') return binding;
  const rewindWasi = wasi === undefined ? withoutWasi(binding.hostObjects) : wasi.keep(binding.hostObjects);
  if (typeof rewindWasi === 'string') return rewindWasi;
  const core = CoreSnapshot.take(cores, memories, maxBytes);
  if (typeof core === 'string') return core;
  return {
    bytes: core.bytes + BOOKS_BYTES,
    rewind() {
      if (!core.fits) return false;
      core.restore();
      binding.rewind();
      rewindWasi();
      return true;
    },
  };
}

function withoutWasi(hostObjects: readonly unknown[]): (() => void) | string {
  return hostObjects.length > 0 ? 'it holds an object of the host' : () => {};
}

/** Whether a call ended where the host's own code is not in the middle of something, as it may be where the stack ends. */
export function isOrderly(thrown: unknown): boolean {
  return [WebAssembly.RuntimeError, OutOfFuel, Exit, PluginError].some((kind) => thrown instanceof kind);
}
