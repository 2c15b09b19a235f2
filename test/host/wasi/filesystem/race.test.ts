import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type { Descriptor } from '../../../../src/host/wasi/filesystem/descriptor.ts';
import { WitError } from '../../../../src/host/wit-error.ts';
import { bytes, cat, closeAll, sandbox, type Tree, tree } from '../sandbox.ts';

/** How often each of the two sides must have won before a race counts as run. */
const WINS = 100;

describe('a race with a thread that swaps entries', () => {
  let files: Tree;
  let root: Descriptor;
  let swapper: Worker;
  let stop: Int32Array;

  beforeEach(async () => {
    files = tree();
    // How many tries a race takes is chance.
    root = sandbox(
      { allowFsWrite: [{ directory: files.granted, mount: '/data' }], maxHostCalls: 1e9 },
      { fileQuotas: { maxCreated: 1e9 } },
    ).preopen('/data');
    stop = new Int32Array(new SharedArrayBuffer(4));
    swapper = new Worker(new URL('./swapper.ts', import.meta.url), { workerData: { granted: files.granted, stop } });
    await once(swapper, 'message');
  });

  afterEach(async () => {
    Atomics.store(stop, 0, 1);
    await once(swapper, 'exit');
    closeAll();
    expect(readdirSync(files.outside)).to.deep.equal(['file', 'secret']);
    expect(readFileSync(join(files.outside, 'file'), 'utf8')).to.equal('outside');
    files.remove();
  });

  /** Tries until both sides have won often enough; all that succeeds must be inside. */
  function race(attempt: () => string, wins = WINS): void {
    const seen = { inside: 0, refused: 0 };
    while (seen.inside < wins || seen.refused < wins) {
      try {
        expect(attempt()).to.equal('inside');
        seen.inside++;
      } catch (error) {
        if (!(error instanceof WitError)) throw error;
        expect(error.payload).to.be.oneOf([
          'not-permitted',
          'no-entry',
          'invalid',
          'not-directory',
          'loop',
          'busy',
          'exist',
        ]);
        seen.refused++;
      }
    }
  }

  it('is real: a path that is resolved by the system leads outside', () => {
    let outside = 0;
    while (outside < WINS) {
      try {
        if (readFileSync(join(files.granted, 'swapped', 'file'), 'utf8') === 'outside') outside++;
      } catch {
        // Between two states of the swap there is nothing.
      }
    }
  });

  it('never opens a file behind a directory that turns into a link', () => {
    race(() => cat(root, 'swapped/file'));
  });

  it('never opens what a file turns into', () => {
    // The gap between looking at a file and opening it is small.
    race(() => cat(root, 'turning'), WINS * 20);
  });

  it('never creates or overwrites outside', () => {
    race(() => {
      // Not truncated: ext4 would write each of them to disk at once (auto_da_alloc).
      for (const path of ['swapped/file', 'swapped/new']) {
        const file = root.openAt({ symlinkFollow: true }, path, { create: true }, { write: true });
        file.write(bytes('inside'), 0n);
        file[Symbol.dispose]();
      }
      return 'inside';
    });
  });

  it('never creates a file through a link that appears where there was nothing', () => {
    race(() => {
      root.openAt({ symlinkFollow: true }, 'appearing', { create: true }, { write: true })[Symbol.dispose]();
      root.unlinkFileAt('appearing');
      return 'inside';
    }, WINS * 5);
  });

  it('never makes or removes directories outside', () => {
    let removed = 0;
    race(() => {
      try {
        root.removeDirectoryAt('swapped/made');
        removed++;
      } catch (error) {
        if (!(error instanceof WitError)) throw error;
      }
      root.createDirectoryAt('swapped/made');
      return 'inside';
    }, WINS / 4);
    expect(removed).to.be.above(0);
  });

  it('never lists outside', () => {
    race(() => {
      const directory = root.openAt({ symlinkFollow: true }, 'swapped', { directory: true }, { read: true });
      const entries = directory.readDirectory();
      try {
        for (let found = entries.readDirectoryEntry(); found !== undefined; found = entries.readDirectoryEntry()) {
          expect(found.name).not.to.equal('secret');
        }
      } finally {
        entries[Symbol.dispose]();
        directory[Symbol.dispose]();
      }
      return 'inside';
    });
  });

  it('never moves a file in or out', () => {
    race(() => {
      root.renameAt('swapped/file', root, 'taken');
      const content = cat(root, 'taken');
      for (;;) {
        try {
          root.renameAt('taken', root, 'swapped/file');
          return content;
        } catch (error) {
          if (!(error instanceof WitError)) throw error;
        }
      }
    });
  });
});
