import type { Berth } from '../pool/berth.ts';
import type { PluginThread } from '../pool/plugin-thread.ts';
import type { Lane } from './lane.ts';

/** The shutting down of a version's instance on one thread: guest code that belongs to no request. */
export class Retirement {
  readonly thread: PluginThread;
  readonly berth: Berth;
  readonly lane: Lane;

  constructor(thread: PluginThread, lane: Lane) {
    this.thread = thread;
    this.berth = thread.nextBerth;
    this.lane = lane;
  }
}
