import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { livesWithSuite } from '../support/processes.ts';

const NAMES = ['redis-server', 'valkey-server'];

/** The server on the PATH; installed by the script where it may be. Undefined where there is none. */
export function findServer(): string | undefined {
  const find = (): string | undefined =>
    (process.env.PATH ?? '')
      .split(delimiter)
      .flatMap((folder) => NAMES.map((name) => join(folder, name)))
      .find((path) => existsSync(path));
  const found = find();
  if (found !== undefined) return found;
  try {
    execFileSync('bash', [new URL('../../scripts/install-server.sh', import.meta.url).pathname, 'redis'], {
      stdio: 'ignore',
    });
  } catch {
    // Nobody may install anything here.
  }
  return find();
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A server of its own, which keeps every write on disk and can be killed and started again. */
export class RedisServer {
  readonly #path: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-redis-'));
  #process: ChildProcess | undefined;
  #port = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const options = ['--port', `${this.#port}`, '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    const child = spawn(this.#path, [...options, '--appendonly', 'yes', '--appendfsync', 'always'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // Also when a test has started it anew.
    livesWithSuite(child);
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error('The server did not start')));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('Ready to accept connections')) resolve();
      });
    });
  }

  /** Ends it at once; `start` brings back what it had. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Stops it where it is: it keeps its connections, and says nothing. */
  suspend(): void {
    this.#process?.kill('SIGSTOP');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
