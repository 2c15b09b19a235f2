import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Lane } from './lane.ts';

/** The shutting down of a version's instance on one thread: guest code that belongs to no request. */
export class Retirement {
  readonly thread: PluginThread;
  readonly lane: Lane;

  constructor(thread: PluginThread, lane: Lane) {
    this.thread = thread;
    this.lane = lane;
  }
}
