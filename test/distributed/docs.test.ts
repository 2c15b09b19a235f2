import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { blocksOf, commandsOf, matching, promisedBy } from '../docs/blocks.ts';
import { Playground } from '../docs/playground.ts';
import { findServer, RedisServer } from './redis-server.ts';

const server = findServer();

if (server !== undefined) {
  describe('the code in docs/scaling.md', function () {
    this.timeout(120_000);
    const redis = new RedisServer(server);
    let playground: Playground;

    before(async () => {
      await redis.start();
      playground = await Playground.make();
    });
    after(async () => {
      await redis.stop();
      await rm(playground.folder, { recursive: true });
    });

    it('runs', async () => {
      for (const { place, language, text } of await blocksOf('docs/scaling.md', ['ts', 'console'])) {
        if (language === 'ts') {
          const printed = await playground.print(text, { REDIS_URL: redis.url });
          expect(printed.trimEnd().split('\n'), place).to.deep.equal(promisedBy(text));
          continue;
        }
        for (const { line, prints } of commandsOf(text)) {
          // What goes on in the background must not hold the pipe.
          const command = line.replace(' & ', ' >worker.log 2>&1 & ');
          expect((await playground.shell(command, { REDIS_URL: redis.url })).trimEnd(), `${place}: ${line}`).to.match(
            matching(prints),
          );
        }
      }
    });
  });
}
