import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker, WorkerOptions } from 'node:worker_threads';

/** The input of a request in which a thread cannot be interrupted. */
export const BLOCK = 'block';

/**
 * Has the workers that are started from now on block in a system call when they begin a request whose input is
 * {@link BLOCK}: nothing can end such a thread, as little as one that is in V8's compilers, but a test can release it.
 */
export class Uninterruptible {
  readonly #directory: string = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-block-'));
  readonly #fifo: string = join(this.#directory, 'fifo');
  readonly #require = createRequire(import.meta.url);
  readonly #original: typeof Worker;

  constructor() {
    execFileSync('mkfifo', [this.#fifo]);
    const threads = this.#require('node:worker_threads') as { Worker: typeof Worker };
    const { Worker: original } = threads;
    this.#original = original;
    const preload = new URL('uninterruptible-preload.ts', import.meta.url).href;
    const fifo = this.#fifo;
    threads.Worker = class extends original {
      constructor(file: string | URL, options: WorkerOptions) {
        super(file, { ...options, argv: [fifo], execArgv: [...process.execArgv, '--import', preload] });
      }
    };
  }

  /** Lets every thread go on that is blocked now. */
  release(): void {
    // With both ends open, so that neither waits for the other.
    closeSync(openSync(this.#fifo, 'r+'));
  }

  /** Releases what is blocked; workers that are started from now on are as ever. */
  remove(): void {
    this.release();
    (this.#require('node:worker_threads') as { Worker: typeof Worker }).Worker = this.#original;
    rmSync(this.#directory, { recursive: true });
  }
}
