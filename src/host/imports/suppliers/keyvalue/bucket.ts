import type { ImportingInstance } from '../../supplied-modules.ts';

/** A bucket that a plugin has opened. Functions of other interfaces find it by its name. */
export interface OpenBucket {
  readonly name: string;
}

/** What a page of keys begins with, and how it goes on: an offset in the first draft, the last key in the second. */
export interface Cursors<Cursor> {
  /** The key behind which the page begins, and how many are left out. */
  begin(cursor: Cursor | undefined): readonly [after: string | undefined, skip: number];
  /** Where the next one begins; undefined behind the last. */
  next(cursor: Cursor | undefined, keys: readonly string[]): Cursor | undefined;
}

/** `wasi:keyvalue/store`, for one instance of a plugin. */
export function storeInterface<Cursor>({ ask }: ImportingInstance, cursors: Cursors<Cursor>): object {
  class Bucket implements OpenBucket {
    readonly name: string;

    constructor(name: string) {
      this.name = name;
    }

    get(key: string): unknown {
      return ask('get', this.name, key);
    }

    set(key: string, value: Uint8Array): void {
      ask('set', this.name, key, value);
    }

    delete(key: string): void {
      ask('delete', this.name, key);
    }

    exists(key: string): boolean {
      return ask('get', this.name, key) !== undefined;
    }

    listKeys(cursor: Cursor | undefined): object {
      const keys = ask('keys', this.name, ...cursors.begin(cursor)) as readonly string[];
      return { keys, cursor: cursors.next(cursor, keys) };
    }
  }
  return { Bucket, open: (identifier: string) => new Bucket(ask('open', identifier) as string) };
}
