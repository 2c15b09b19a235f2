import { type FSWatcher, watch } from 'chokidar';
import { identityOf } from './snapshot.ts';

/**
 * Hints that something may have changed in a directory, or in what its links lead to. They are no more than hints:
 * events of a file system get lost, come late and come twice, so that what is there is always looked up.
 */
export class DirectoryEvents {
  readonly #directory: string;
  readonly #onHint: () => void;
  #identity: string | undefined;
  #watcher: FSWatcher | undefined;

  constructor(directory: string, onHint: () => void) {
    this.#directory = directory;
    this.#onHint = onHint;
  }

  /**
   * Makes sure that it is the directory as it is now that the hints come from: one that was removed and made again is
   * another one, and its watches are gone.
   *
   * @throws the system's error when there is no such directory.
   */
  async follow(): Promise<void> {
    const identity = await identityOf(this.#directory).catch(async (error: unknown) => {
      await this.close();
      throw error;
    });
    if (identity === this.#identity) return;
    await this.close();
    this.#identity = identity;
    this.#watcher = watch(this.#directory, { depth: 0, ignoreInitial: true, ignored: isOfNoInterest });
    this.#watcher.on('all', this.#onHint);
    // chokidar drops events that follow each other closely; these are all of them.
    this.#watcher.on('raw', this.#onHint);
    // A watch that fails (out of inotify watches, say) is replaced by the regular looks.
    this.#watcher.on('error', this.#onHint);
  }

  async close(): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#identity = undefined;
    await watcher?.close();
  }
}

function isOfNoInterest(path: string, stats?: { isFile(): boolean }): boolean {
  return stats?.isFile() === true && !/\.(wasm|json)$/.test(path);
}
