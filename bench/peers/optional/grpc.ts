import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import type { Candidate } from '../../../src/bench/scenario.ts';
import { service } from './grpc-service.ts';
import { processUsage } from './process-usage.ts';

/** A plugin as a service: a process of its own, in JavaScript, reached over gRPC and the loopback interface. */
export async function open(): Promise<Candidate> {
  const server = fork(fileURLToPath(new URL('./grpc-server.ts', import.meta.url)));
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const client = new (service())(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    process: (input) =>
      new Promise((resolve, reject) => {
        client.process!({ input }, (error: Error | null, reply: { output: string }) => {
          if (error) reject(error);
          else resolve(reply);
        });
      }),
    otherCpu: () => processUsage(server.pid!).cpu,
    otherMemory: () => processUsage(server.pid!).memory,
    async close() {
      client.close();
      const exit = once(server, 'exit');
      server.disconnect();
      await exit;
    },
  };
}
