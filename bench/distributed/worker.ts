/** A worker in a process of its own: `node worker.ts REDIS-URL QUEUE`. Says when it is ready. */
import { startWorker } from '../../src/distributed/index.ts';

const [redis, queue] = process.argv.slice(2) as [string, string];
const worker = await startWorker({ redis, queue, engine: { threads: 1 } });
console.log('ready');
process.on('SIGTERM', () => {
  void worker.drain();
});
