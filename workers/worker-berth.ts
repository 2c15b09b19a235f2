import type { PackedRequest, WorkerMailbox } from '../src/pool/worker-mailbox.ts';
import type { BlockRunner } from './block/block-runner.ts';
import type { CallDesk } from './call-desk.ts';

/** Where the worker finds an order. It takes its berths by turns. */
export interface WorkerBerth {
  readonly mailbox: WorkerMailbox;
  readonly blocks: BlockRunner;
  readonly calls: CallDesk;
  /** Filled in for each request, so that none is made for each. */
  readonly request: PackedRequest;
  /** What its first slot is called in messages. */
  readonly firstSlot: number;
}
