import type { Batch } from './batch.ts';
import type { Lane } from './lane.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Part } from './part.ts';
import type { SupervisorListener } from './supervisor-listener.ts';

/** Tells what each lane's part of a batch has taken of its thread, and ends the booking of the memory that it might have needed. */
export class Billing {
  readonly #memory: MemoryBudget;
  readonly #listener: SupervisorListener;

  constructor(memory: MemoryBudget, listener: SupervisorListener) {
    this.#memory = memory;
    this.#listener = listener;
  }

  /** A batch has come to its end in its worker. */
  over(batch: Batch): void {
    const { mailbox } = batch.berth;
    const { busyTime } = mailbox;
    let clock = 0;
    for (const { end } of batch.parts) clock += mailbox.runTime(end - 1);
    for (const part of batch.parts.toReversed())
      this.#partDone(batch, part, clock === 0 ? 1 : Math.min(busyTime / clock, 1));
  }

  /** What is left of a batch is one lane's: the others are done with, and do not answer for it. */
  narrow(batch: Batch, lane: Lane): void {
    for (const part of batch.narrow(lane)) this.#partDone(batch, part, 1);
    this.#listener.onNarrowed(batch);
  }

  /** Nothing is left of what waits: it asks for nothing any more, and its worker will pass over it. */
  empty(batch: Batch): void {
    batch.turn = 'empty';
    for (const lane of batch.booked) this.#memory.end(batch.thread, lane);
    batch.booked.clear();
  }

  /** @param share What the thread worked, of what the clock showed. */
  #partDone(batch: Batch, part: Part, share: number): void {
    const { mailbox } = batch.berth;
    if (batch.booked.delete(part.lane)) this.#memory.end(batch.thread, part.lane, mailbox.residentAfter(part.end - 1));
    this.#listener.onPart(batch, part, mailbox.runTime(part.end - 1) * share);
  }
}
