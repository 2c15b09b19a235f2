import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { echo } from '../fixtures/guests.ts';
import { findServer, RedisServer } from './redis-server.ts';

const FIXTURE = new URL('fixtures/leftovers.ts', import.meta.url).pathname;
const server = findServer();

/** A network between a program and Redis, which can begin to swallow everything. */
class Network {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: 'open' | 'swallowing' = 'open';

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => {});
        from.on('close', () => to.destroy());
        from.on('data', (chunk) => {
          if (this.#state === 'open') to.write(chunk);
        });
      }
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  swallow(): void {
    this.#state = 'swallowing';
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** What may happen to Redis. */
const FATES = {
  'which is there': () => {},
  'which is down': ({ redis }) => redis.kill(),
  'which is stopped': ({ redis }) => redis.suspend(),
  'which is behind a network that swallows everything': ({ network }) => network.swallow(),
} satisfies Record<string, (to: { redis: RedisServer; network: Network }) => unknown>;

if (server !== undefined) {
  describe('nothing is left of', function () {
    this.timeout(120_000);
    let redis: RedisServer;
    let network: Network;
    let url = '';
    let folder = '';
    const children = new Set<ChildProcess>();

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-leftovers-'));
      redis = new RedisServer(server);
      await redis.start();
      network = new Network(Number(new URL(redis.url).port));
      url = await network.open();
      await writeFile(join(folder, 'echo.wasm'), await echo());
    });
    afterEach(async () => {
      for (const child of children) child.kill('SIGKILL');
      children.clear();
      network.close();
      await redis.stop();
      await rm(folder, { recursive: true });
    });

    /** Starts one, and gives the lines that it says. */
    function start(
      role: 'worker' | 'submit',
      options: object,
    ): { child: ChildProcess; said: string[]; saying(wanted: string): Promise<void> } {
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', FIXTURE, role, JSON.stringify(options)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      children.add(child);
      const said: string[] = [];
      child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(...text.trim().split('\n')));
      const saying = async (wanted: string): Promise<void> => {
        while (!said.some((line) => line.startsWith(wanted))) await once(child.stdout, 'data');
      };
      return { child, said, saying };
    }

    const submission = async (input: string): Promise<object> => {
      await writeFile(join(folder, 'in.txt'), input);
      const plugins = { echo: { component: join(folder, 'echo.wasm') } };
      return { redis: url, plugins, plugin: 'echo', input: join(folder, 'in.txt'), output: join(folder, 'out.jsonl') };
    };

    for (const [fate, happen] of Object.entries(FATES)) {
      it(`a worker without work and of Redis, ${fate}`, async () => {
        const { child, said, saying } = start('worker', { redis: url });
        await saying('ready');
        await happen({ redis, network });
        child.kill('SIGTERM');
        await once(child, 'close');
        expect(said.at(-1)).to.equal('ended []');
      });

      it(`a worker at work and of Redis, ${fate}`, async () => {
        const worker = start('worker', { redis: url, concurrency: 1 });
        await worker.saying('ready');
        start('submit', await submission('log at-work\n'.concat('burn 5\n'.repeat(500))));
        await worker.saying('log at-work');
        await happen({ redis, network });
        worker.child.kill('SIGTERM');
        await once(worker.child, 'close');
        expect(worker.said.at(-1)).to.equal('ended []');
      });

      it(`one who submits and of Redis, ${fate}`, async () => {
        const { child, said, saying } = start('submit', await submission('a\n'.repeat(10)));
        await saying('ready');
        await happen({ redis, network });
        child.kill('SIGTERM');
        await once(child, 'close');
        expect(said.at(-1)).to.equal('ended []');
      });
    }

    it('one who finds no Redis', async () => {
      await redis.kill();
      network.close();
      for (const [role, options] of [
        ['worker', { redis: url }],
        ['submit', await submission('a\n')],
      ] as const) {
        const { child, said } = start(role, options);
        await once(child, 'close');
        expect(said.at(-1)).to.equal('ERR_BATCH_QUEUE []');
      }
    });

    it('one whose Redis never says a word', async () => {
      network.swallow();
      const { child, said } = start('worker', { redis: url });
      await once(child, 'close');
      expect(said.at(-1)).to.equal('ERR_BATCH_QUEUE []');
    });
  });
}
