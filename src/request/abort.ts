/** What an abort ends. */
export interface Abortable {
  aborted(signal: AbortSignal): void;
}

const waiting = new WeakMap<AbortSignal, Set<Abortable>>();

/**
 * Has something hear of a signal's abort. One listener of the signal serves them all: `addEventListener` goes through
 * every listener that is there to find duplicates, which made a batch with thousands of requests on one signal quadratic.
 */
export function watchSignal(signal: AbortSignal, abortable: Abortable): void {
  let set = waiting.get(signal);
  if (set === undefined) {
    set = new Set();
    waiting.set(signal, set);
    signal.addEventListener('abort', abortAll, { once: true });
  }
  set.add(abortable);
}

/** Takes that back. */
export function unwatchSignal(signal: AbortSignal, abortable: Abortable): void {
  const set = waiting.get(signal);
  // Node keeps a composed signal alive for as long as it has a listener.
  if (set === undefined || !set.delete(abortable) || set.size > 0) return;
  waiting.delete(signal);
  signal.removeEventListener('abort', abortAll);
}

function abortAll({ target }: Event): void {
  const signal = target as AbortSignal;
  // One after the other out of the set: what hears of it may take back others that have not heard yet.
  const set = waiting.get(signal) ?? new Set();
  for (const abortable of set) {
    set.delete(abortable);
    abortable.aborted(signal);
  }
  waiting.delete(signal);
}
