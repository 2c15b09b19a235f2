import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { transpile } from '../../src/artifact/transpile.ts';
import { PluginError } from '../../src/errors.ts';

/** What the validator in jco makes of a component. It panics for some, and is of no more use in its thread then. */
type Verdict = 'refused' | 'allowed' | 'panicked';

let worker: Worker | undefined;

export async function validate(bytes: Uint8Array): Promise<Verdict> {
  worker ??= new Worker(new URL(import.meta.url));
  worker.postMessage(bytes);
  const [verdict] = (await once(worker, 'message')) as [Verdict];
  if (verdict === 'panicked') await endValidator();
  return verdict;
}

export async function endValidator(): Promise<void> {
  await worker?.terminate();
  worker = undefined;
}

if (!isMainThread) {
  parentPort!.on('message', (bytes: Uint8Array) => {
    void transpile(bytes)
      .then(
        (): Verdict => 'allowed',
        (error: unknown): Verdict => (error instanceof PluginError ? 'refused' : 'panicked'),
      )
      .then((verdict) => parentPort!.postMessage(verdict));
  });
}
