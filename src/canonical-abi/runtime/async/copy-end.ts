import { trap } from '../trap.ts';
import type { SharedFuture } from './future.ts';
import type { SharedStream } from './stream.ts';
import { Waitable } from './waitable.ts';

export type CopyKind = 'stream' | 'future';

/** `CopyEnd` of the specification: one end of a stream or future. */
export class CopyEnd extends Waitable {
  readonly shared: SharedStream | SharedFuture;
  readonly reads: boolean;
  state: 'idle' | 'copying' | 'cancelling' | 'done' = 'idle';

  /** Whether its pending event is about a copy that goes on until the event is delivered. */
  partial = false;

  constructor(shared: SharedStream | SharedFuture, reads: boolean) {
    super();
    this.shared = shared;
    this.reads = reads;
  }

  get copying(): boolean {
    return this.state === 'copying' || this.state === 'cancelling';
  }

  drop(): void {
    if (this.copying) throw trap('cannot drop an end of a stream or future that copies');
    if (this.shared.kind === 'future' && !this.reads && this.state !== 'done') {
      throw trap('cannot drop the end of a future to which nothing was written');
    }
    this.shared.drop();
    this.join(undefined);
  }
}
