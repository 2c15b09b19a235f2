import { closeSync, openSync } from 'node:fs';
import { WorkerMailbox } from '../../src/pool/worker-mailbox.ts';
import { BLOCK } from './uninterruptible.ts';

// Loaded by a worker before its own code, which shares the class with it.
const fifo = process.argv[2]!;
const { claim } = WorkerMailbox.prototype;
WorkerMailbox.prototype.claim = function (slot: number): boolean {
  const claimed = claim.call(this, slot);
  // Opening it for reading blocks until somebody opens it for writing.
  if (claimed && this.input(slot) === BLOCK) closeSync(openSync(fifo, 'r'));
  return claimed;
};
