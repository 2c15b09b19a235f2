import { parentPort, workerData } from 'node:worker_threads';
import type { Pollable } from '../../../src/host/wasi/poll.ts';
import { sandbox } from './sandbox.ts';

/** A worker that opens what it is told to, says so, and then sleeps in `poll` for ever. */
const { directory } = workerData as { directory?: string };
const box = sandbox(directory === undefined ? {} : { allowFsRead: [{ directory, mount: '/' }] });
if (directory !== undefined) {
  const root = box.preopen('/');
  for (let file = 0; file < 10; file++) root.openAt({}, 'file', {}, { read: true });
  root.readDirectory().readDirectoryEntry();
}
parentPort?.postMessage('asleep');
box
  .interface<{ subscribeDuration(duration: bigint): Pollable }>('wasi:clocks/monotonic-clock')
  .subscribeDuration(2n ** 64n - 1n)
  .block();
