import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Candidate, Setting } from '../../src/bench/scenario.ts';
import { discard, transpile } from './jco.ts';

/** One Piscina task per request; each worker has one instance of the component, with jco's glue. */
export async function openPiscina(
  { component, threads, request: { options } }: Setting,
  best: ConstructorParameters<typeof Piscina>[0],
): Promise<Candidate> {
  const transpiled = await transpile(component);
  const pool = new Piscina({
    filename: fileURLToPath(new URL('./piscina-worker.ts', import.meta.url)),
    workerData: transpiled,
    minThreads: threads,
    maxThreads: threads,
    ...best,
  });
  return {
    process: (input) => pool.run({ input, options }),
    async close() {
      await pool.destroy();
      await discard(transpiled);
    },
  };
}
