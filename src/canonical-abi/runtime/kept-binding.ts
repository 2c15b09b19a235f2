import type { Instantiation } from './instantiation.ts';

/** What the binding has noted of an instance between two calls. */
export interface KeptBinding {
  /** The objects of the host that the guest has handles of, who has to keep their own state. */
  readonly hostObjects: readonly unknown[];
  /** Brings the books of the binding back to what they were. Nothing of the instance may be under way. */
  rewind(): void;
}

/** Notes what the binding of an instance has in its books. What it made when it linked the instance never changes. */
export function keepBinding({ store, instances, contexts }: Instantiation): KeptBinding {
  const rewinds = [store.keep(), ...instances.map((instance) => instance.keep())];
  return {
    hostObjects: instances.flatMap(({ handles }) => handles.hostObjects),
    rewind() {
      for (const rewind of rewinds) rewind();
      for (const context of contexts) context.borrowScope = undefined;
    },
  };
}
