import type { Threads } from '../wire/messages.ts';

/** Numbers of threads by what they are doing. */
export function mapThreads(count: (state: keyof Threads) => number): Threads {
  return {
    starting: count('starting'),
    idle: count('idle'),
    busy: count('busy'),
    ending: count('ending'),
    stuck: count('stuck'),
  };
}
