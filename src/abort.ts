/** What is to be called for each signal. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls a listener when a signal is aborted. One listener of the signal serves them all: `addEventListener` goes through
 * every listener that is there to find duplicates, which made a batch with thousands of requests on one signal quadratic.
 *
 * @returns What takes the listener back.
 */
export function whenAborted(signal: AbortSignal, listener: () => void): () => void {
  let set = listeners.get(signal);
  if (set === undefined) {
    set = new Set();
    listeners.set(signal, set);
    signal.addEventListener('abort', callAll, { once: true });
  }
  const own = set;
  own.add(listener);
  return () => {
    // Node keeps a composed signal alive for as long as it has a listener.
    if (!own.delete(listener) || own.size > 0 || listeners.get(signal) !== own) return;
    listeners.delete(signal);
    signal.removeEventListener('abort', callAll);
  };
}

function callAll({ target }: Event): void {
  const set = listeners.get(target as AbortSignal);
  listeners.delete(target as AbortSignal);
  for (const listener of set ?? []) listener();
}
