import type { Utterance } from '../contract/values.ts';
import { BlockArea } from './block-area.ts';
import { Mailbox } from './mailbox.ts';
import { SLOTS } from './mailbox-layout.ts';
import type { WorkerMessage } from './protocol.ts';

/** The messages that belong to a slot. */
export type PostedResult = Extract<WorkerMessage, { slot: number }>;

/** Orders that a worker has at once: the one that it carries out, and the one that it takes next without waiting for us. */
export const BERTHS = 2;

/** Room for one order of a worker: what it is told by memory, and what came by message of it. A worker takes its berths by turns. */
export class Berth {
  readonly mailbox: Mailbox = new Mailbox();
  readonly block: BlockArea = new BlockArea();
  /** The recipe by which the worker read the last block here. */
  recipe = 0;
  /** Results that came by message, by slot. */
  readonly posted: Map<number, PostedResult> = new Map();
  /** Hears what guests say about the order that lies here, by slot: another one may be told of first. */
  said: ((slot: number, utterance: Utterance) => void) | undefined;
  /** What the worker calls its first slot in messages. */
  readonly firstSlot: number;

  /** @param index Which of the thread's berths it is. */
  constructor(index: number) {
    this.firstSlot = index * SLOTS;
    if (index > 0) this.mailbox.follows();
  }
}
