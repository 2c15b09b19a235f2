import { setTimeout as delay } from 'node:timers/promises';
import { PluginError } from '../errors.ts';
import type { PluginInfo } from '../registry/plugin-info.ts';
import type { LoadOptions } from '../registry/plugin-version.ts';
import { type Content, readContent } from './content.ts';
import { componentPath, hasOptions, LOST, type Signature, signatureOf } from './snapshot.ts';

/** What a watcher does with plugins: the engine. */
export interface PluginHost {
  find(name: string): PluginInfo | undefined;
  load(name: string, path: string, options: LoadOptions): Promise<unknown>;
  /** @param options undefined keeps those that it has. */
  reload(name: string, path: string, options: LoadOptions | undefined): Promise<unknown>;
  unload(name: string): Promise<void>;
  /** Tells of a failure that {@link reload} has not told of itself. */
  failed(name: string, error: PluginError): void;
}

/** How the files of a directory become plugins. */
export interface PluginFileSettings {
  readonly directory: string;
  /** Milliseconds for which a file must look the same before it is read. */
  readonly settleMs: number;
  /** What an option file does not say. */
  readonly defaults: LoadOptions | undefined;
  readonly optionFiles: 'read' | 'ignore';
}

/**
 * One `NAME.wasm` of a watched directory, and the plugin that it should be: whatever happens to the file, in the end
 * the plugin is what the file holds, or the last of it that worked.
 */
export class PluginFile {
  readonly #name: string;
  readonly #settings: PluginFileSettings;
  readonly #host: PluginHost;
  readonly #closing = new AbortController();
  /** As it was at the last look; undefined when it was not there. */
  #seen: Signature | undefined;
  /** What was tried last, whether it worked or not: it is not tried again until it changes. */
  #tried: string | undefined;
  /** What serves, as far as it came from here. */
  #applied: string | undefined;
  /** Who gave the plugin its options. */
  #optionsBy: 'others' | 'watcher' = 'others';
  #work: Promise<void> | undefined;

  constructor(name: string, settings: PluginFileSettings, host: PluginHost) {
    this.#name = name;
    this.#settings = settings;
    this.#host = host;
  }

  /** Whether nothing is left of it, and nothing is left to do for it. */
  get isGone(): boolean {
    return this.#seen === undefined && this.#work === undefined;
  }

  /** Hears how the file looks now. */
  observe(signature: Signature | undefined): void {
    if (signature === this.#seen || this.#closing.signal.aborted) return;
    this.#seen = signature;
    this.#work ??= this.#settle()
      // Only close() interrupts it; whatever else fails is told to the host.
      .catch(() => {})
      .finally(() => {
        this.#work = undefined;
      });
  }

  /** Resolves when the plugin is what the file was when it was last looked at. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** Takes no further changes up; resolves when the one under way is done. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  /** Changes that come while one is being applied make one more round, however many they are. */
  async #settle(): Promise<void> {
    let signature = await this.#quiet();
    while (signature !== LOST) {
      await this.#apply(signature);
      if ((await this.#look()) === signature) return;
      signature = await this.#quiet();
    }
  }

  /** Waits until the file has looked the same for a while: it may be half written, or about to come back. */
  async #quiet(): Promise<Signature | undefined> {
    const { signal } = this.#closing;
    for (;;) {
      const before = this.#seen;
      await delay(this.#settings.settleMs, undefined, { signal });
      if ((await this.#look()) === before) return before;
    }
  }

  async #look(): Promise<Signature | undefined> {
    this.#seen = await signatureOf(this.#settings.directory, this.#name);
    return this.#seen;
  }

  async #apply(signature: Signature | undefined): Promise<void> {
    if (signature === undefined) {
      this.#tried = undefined;
      this.#applied = undefined;
      if (this.#host.find(this.#name) !== undefined) await this.#host.unload(this.#name).catch(() => {});
      return;
    }
    let told: 'no' | 'by the reload' = 'no';
    try {
      const { directory, optionFiles } = this.#settings;
      const content = await readContent(directory, this.#name, optionFiles === 'read' && hasOptions(signature));
      if (content.fingerprint === this.#tried) return;
      this.#tried = content.fingerprint;
      const path = componentPath(directory, this.#name);
      const options = this.#options(content);
      const loaded = this.#host.find(this.#name);
      // Back to what serves, after something that did not work.
      if (content.fingerprint === this.#applied && loaded?.sha256 === content.sha256) return;
      if (loaded === undefined) await this.#host.load(this.#name, path, options ?? {});
      else if (options !== undefined || loaded.sha256 !== content.sha256) {
        told = 'by the reload';
        await this.#host.reload(this.#name, path, options);
      }
      this.#applied = content.fingerprint;
      if (options !== undefined) this.#optionsBy = 'watcher';
    } catch (error) {
      // Whoever closed the engine knows why nothing is loaded any more.
      if (error instanceof PluginError && error.code === 'ERR_ENGINE_CLOSED') return;
      // What has changed meanwhile may have failed because of that, and is tried again.
      if ((await this.#look()) !== signature) this.#tried = undefined;
      else if (told === 'no') this.#host.failed(this.#name, error as PluginError);
    }
  }

  /** A plugin that was loaded by others keeps the options that they gave it, unless there are some here. */
  #options({ options }: Content): LoadOptions | undefined {
    const { defaults } = this.#settings;
    if (defaults === undefined && options === undefined && this.#optionsBy === 'others') return undefined;
    return { ...defaults, ...options };
  }
}
