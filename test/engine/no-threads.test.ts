import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { hostile } from '../fixtures/guests.ts';

const STARVED = fileURLToPath(new URL('./fixtures/starved.ts', import.meta.url));
/** One that nothing else runs under: the system counts the threads of a user, and none of root's. */
const AS_NOBODY = ['--reuid', String(50_000 + (process.pid % 10_000)), '--clear-groups'];

/** A program that does what it is told, beside a limit on its threads. */
class Starved {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;
  readonly #input: Interface;

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#input = createInterface(this.child.stdout!);
    this.#lines = this.#input[Symbol.asyncIterator]();
    this.#errors = text(this.child.stderr!);
  }

  async do(command: string): Promise<unknown> {
    this.child.stdin!.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`It is gone: ${await this.#errors}`);
    return JSON.parse(value);
  }

  /** Allows it so many threads, more or fewer than it has. */
  allow(threads: number): void {
    execFileSync('setpriv', [...AS_NOBODY, 'prlimit', '--pid', String(this.child.pid), `--nproc=${threads}:`]);
  }

  get threads(): number {
    return readdirSync(`/proc/${this.child.pid}/task`).length;
  }

  /** Ends its input, and expects it to end by itself with nothing to say. */
  async ends(): Promise<void> {
    this.child.stdin!.end();
    const [errors, [status]] = await Promise.all([this.#errors, once(this.child, 'exit')]);
    expect([errors, status]).to.deep.equal(['', 0]);
  }
}

describe('threads that cannot be started', function () {
  this.timeout(60_000);
  let directory: string;
  let component: string;
  let program: Starved | undefined;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-starved-'));
    chmodSync(directory, 0o755);
    component = join(directory, 'hostile.wasm');
    writeFileSync(component, await hostile());
  });

  afterEach(() => program?.child.kill('SIGKILL'));
  after(() => rmSync(directory, { recursive: true }));

  // Limits hold for others than root, and only root may become somebody else.
  if (process.getuid?.() === 0) {
    const started = (): Starved => new Starved('setpriv', [...AS_NOBODY, process.execPath, STARVED, component]);
    const refused = { code: 'ERR_WORKER_CRASHED', messageBegins: 'No worker thread could be started' };
    const expectRefused = (answer: unknown): void => {
      const { code, message } = answer as { code: string; message: string };
      expect({ code, messageBegins: message.slice(0, refused.messageBegins.length) }).to.deep.equal(refused);
      expect(message).to.include('EAGAIN');
    };

    it('reject what waits where the system has none left, and are tried again', async () => {
      program = started();
      // It is up when it answers.
      await program.do('threads');
      program.allow(1);
      expectRefused(await program.do('load'));
      expectRefused(await program.do('load'));
      program.allow(1000);
      expect(await program.do('load')).to.equal('loaded');
      expect(await program.do('ask')).to.equal('hello');
      expect(await program.do('close')).to.equal('closed');
      await program.ends();
    });

    it('leave what runs with the threads that there are', async () => {
      program = started();
      expect(await program.do('load')).to.equal('loaded');
      for (;;) {
        const { starting, idle } = (await program.do('threads')) as { starting: number; idle: number };
        if (starting === 0 && idle === 2) break;
      }
      program.allow(program.threads - 2);
      expect(await program.do('spin')).to.include({ code: 'ERR_CPU_TIME_LIMIT' });
      // The last one serves the plugin that has just lost one: no other will come.
      expect(await program.do('ask')).to.equal('hello');
      expect(await program.do('spin')).to.include({ code: 'ERR_CPU_TIME_LIMIT' });
      expectRefused(await program.do('ask'));
      program.allow(1000);
      // Until the next attempt is due.
      for (;;) {
        const answer = await program.do('ask');
        if (answer === 'hello') break;
        expectRefused(answer);
      }
      expect(await program.do('close')).to.equal('closed');
      await program.ends();
    });
  }
});
