import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ResolvedPolicy } from '../../src/host/policy/policy.ts';
import { resolveRecord } from '../../src/recording/options.ts';
import type { Recording } from '../../src/recording/recording.ts';
import { RecordingFiles } from '../../src/recording/recording-files.ts';

const RECORDING: Recording = {
  format: 1,
  time: '2026-11-30T12:00:00.000Z',
  plugin: 'guest',
  version: '1.0.0',
  sha256: 'e3b0',
  policy: {} as ResolvedPolicy,
  config: {},
  leftOut: [],
  request: { requestId: 'r-1', input: 'Hello', options: [] },
  start: [],
  calls: [],
  outcome: { response: { output: 'Hello', success: true } },
};

describe('files of recordings', () => {
  let folder = '';
  let now = 0;
  let lost: string[] = [];
  let files: RecordingFiles;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wasm-plugin-pool-recording-files-'));
    now = 0;
    lost = [];
    const listener = { onKept: () => {}, onLost: ({ message }: { message: string }) => void lost.push(message) };
    files = new RecordingFiles(listener, () => now);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function keep(times = 1, directory = folder): Promise<void> {
    for (let time = 0; time < times; time++) {
      files.keep(RECORDING, resolveRecord({ directory, maxFiles: 2 })!);
      await files.settled();
    }
  }

  it('are written again when somebody has cleared the directory', async () => {
    await keep(3);
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    await keep();
    expect(readdirSync(folder)).to.deep.equal([]);
    now = 60_000;
    await keep();
    expect(readdirSync(folder)).to.have.length(1);
  });

  it('are written when what was in the way is gone', async () => {
    const inside = join(folder, 'recordings');
    writeFileSync(inside, 'a file');
    await keep(2, inside);
    expect(lost).to.have.length(1);
    rmSync(inside);
    await keep(1, inside);
    expect(readdirSync(inside)).to.have.length(1);
  });

  it('leave nothing behind that is half of one, and tell the reason once', async () => {
    const inside = join(folder, 'recordings');
    mkdirSync(inside);
    await keep(1, inside);
    rmSync(inside, { recursive: true });
    // The directory is not there any more: each file that cannot be written has a name of its own.
    await keep(5, inside);
    expect(lost).to.deep.equal(['a recording could not be written: no such file or directory']);
    mkdirSync(inside);
    await keep(1, inside);
    expect(readdirSync(inside).filter((name) => !name.endsWith('.recording.json'))).to.deep.equal([]);
    rmSync(inside, { recursive: true });
  });
});
