import type { Candidate, Setting } from '../../src/bench/scenario.ts';
import { discard, instantiate, transpile } from './jco.ts';

/** The component with jco's glue, called in the main thread: no isolation of time, nothing else runs meanwhile. */
export async function open({ component, request: { options } }: Setting): Promise<Candidate> {
  const transpiled = await transpile(component);
  const plugin = await instantiate(transpiled);
  return { process: (input) => plugin.process({ input, options }), close: () => discard(transpiled) };
}
