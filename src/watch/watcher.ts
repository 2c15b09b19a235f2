import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { knownKeys, nonEmptyString, oneOf, wholeNumber } from '../arguments/arguments.ts';
import { describe, PluginError } from '../errors.ts';
import { checkLoadValues, LOAD_OPTIONS } from '../registry/load-options.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import { systemReason } from '../text/system-error.ts';
import { DirectoryEvents } from './directory-events.ts';
import { PluginFile, type PluginFileSettings, type PluginHost } from './plugin-file.ts';
import { takeSnapshot } from './snapshot.ts';

/**
 * How a directory is watched. What is left out of a plugin's own `NAME.json` is as here.
 *
 * @example
 * const options: WatchOptions = { settleMs: 500, sandbox: 'restricted' };
 * const watcher = await engine.watch('plugins/', options);
 */
export interface WatchOptions extends Omit<LoadOptions, 'version' | 'signal'> {
  /** Milliseconds for which a file must stay the same before it is read. @default 100 */
  readonly settleMs?: number;
  /** Milliseconds between regular looks at the directory, for what the file system tells nobody. @default 1000 */
  readonly pollMs?: number;
  /**
   * Whether `NAME.json` beside `NAME.wasm` is read. It may grant what it likes, so whoever can write to the directory
   * decides what its plugins may reach; `ignore` leaves that to these options alone. @default 'read'
   */
  readonly optionFiles?: 'read' | 'ignore';
}

/** What a watcher needs of the engine. */
export interface WatcherHost extends PluginHost {
  /** The directory is gone; its plugins stay. */
  lost(directory: string, error: unknown): void;
  /** It is there again. */
  found(directory: string): void;
  /** It is over. */
  closed(watcher: Watcher): void;
}

/** Milliseconds after a hint: an editor's save is several events. */
const HINT_MS = 5;

/** The version is the file's to have, and nothing waits for a load that could be given up. */
const OPTIONS = LOAD_OPTIONS.filter((name) => name !== 'version' && name !== 'signal');

/**
 * Keeps the plugins of an engine as the files of a directory are. Made by `engine.watch()`.
 *
 * @example
 * const watcher: Watcher = await engine.watch('plugins/');
 * await watcher.ready;
 * await watcher.close();
 */
export class Watcher implements AsyncDisposable {
  /** The directory, as an absolute path. */
  readonly directory: string;
  /** Resolves when every plugin that was there at the beginning is loaded, or was found to be unusable. */
  readonly ready: Promise<void>;
  readonly #settings: PluginFileSettings;
  readonly #host: WatcherHost;
  readonly #files = new Map<string, PluginFile>();
  readonly #events: DirectoryEvents;
  readonly #poll: NodeJS.Timeout;
  #hint: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #state: 'watching' | 'lost' | 'closed' = 'watching';

  private constructor(settings: PluginFileSettings, pollMs: number, host: WatcherHost) {
    this.directory = settings.directory;
    this.#settings = settings;
    this.#host = host;
    this.#events = new DirectoryEvents(this.directory, () => this.#hinted());
    this.#poll = setInterval(() => void this.#look(), pollMs);
    this.ready = this.#start();
  }

  /**
   * Begins to watch a directory.
   *
   * @throws {PluginError} `ERR_INVALID_ARGUMENT`, also when there is no such directory.
   */
  static async open(directory: string, options: WatchOptions, host: WatcherHost): Promise<Watcher> {
    const { pollMs, ...settings } = resolveWatchOptions(directory, options);
    await assertDirectory(settings.directory);
    return new Watcher(settings, pollMs, host);
  }

  /** Stops watching; resolves when the change that is being applied is done. The plugins stay as they are. */
  async close(): Promise<void> {
    this.#state = 'closed';
    clearInterval(this.#poll);
    clearTimeout(this.#hint);
    await this.#looking;
    await Promise.all([this.#events.close(), ...[...this.#files.values()].map((file) => file.close())]);
    this.#host.closed(this);
  }

  /** `await using watcher = …` closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    await this.#look();
    await Promise.all([...this.#files.values()].map((file) => file.settled()));
  }

  #hinted(): void {
    if (this.#state === 'closed') return;
    this.#hint ??= setTimeout(() => {
      this.#hint = undefined;
      // A look that is under way may have passed by what the hint is about.
      void (this.#looking ?? Promise.resolve()).then(() => this.#look());
    }, HINT_MS);
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Compares what is there with what was there: no event is trusted to say what happened. */
  async #lookOnce(): Promise<void> {
    if (this.#state === 'closed') return;
    try {
      // First, so that what changes from now on is heard of.
      await this.#events.follow();
      const snapshot = await takeSnapshot(this.directory);
      if (this.#state === 'lost') this.#enter('watching', () => this.#host.found(this.directory));
      for (const name of snapshot.keys()) this.#file(name);
      for (const [name, file] of this.#files) {
        file.observe(snapshot.get(name));
        if (file.isGone) this.#files.delete(name);
      }
    } catch (error) {
      // A directory that is gone as a whole is being replaced more often than given up: its plugins go on.
      if (this.#state === 'watching') this.#enter('lost', () => this.#host.lost(this.directory, error));
    }
  }

  #enter(state: 'watching' | 'lost', tell: () => void): void {
    this.#state = state;
    tell();
  }

  #file(name: string): PluginFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = new PluginFile(name, this.#settings, this.#host);
      this.#files.set(name, file);
    }
    return file;
  }
}

/** Checks everything at once: a mistake in an option is no failed reload of every plugin. */
function resolveWatchOptions(directory: string, options: WatchOptions): PluginFileSettings & { pollMs: number } {
  knownKeys('options', options, [...OPTIONS, 'settleMs', 'pollMs', 'optionFiles']);
  const { settleMs, pollMs, optionFiles, ...defaults } = options;
  checkLoadValues(defaults);
  return {
    directory: resolve(nonEmptyString('directory', directory)),
    settleMs: wholeNumber('settleMs', settleMs, { min: 1, max: 60_000, default: 100 }),
    pollMs: wholeNumber('pollMs', pollMs, { min: 10, max: 3_600_000, default: 1000 }),
    optionFiles: oneOf('optionFiles', optionFiles, ['read', 'ignore'], 'read'),
    defaults: Object.values(defaults).some((value) => value !== undefined) ? defaults : undefined,
  };
}

async function assertDirectory(directory: string): Promise<void> {
  const what = await stat(directory).then(
    (stats) => (stats.isDirectory() ? undefined : 'it is no directory'),
    (error: unknown) => systemReason(error) ?? describe(error),
  );
  if (what !== undefined)
    throw new PluginError('ERR_INVALID_ARGUMENT', `Cannot watch \`${directory}\`: ${what}`, {
      hint: 'Name the directory that the `.wasm` files are in.',
    });
}
