import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parseReport } from '../../src/bench/schema.ts';

const MAIN = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const run = promisify(execFile);

describe('npm run bench', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bench-test-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('measures every scenario and writes a valid report', async function () {
    this.timeout(300_000);
    const json = join(directory, 'report.json');
    const candidates = ['engine', 'function', 'Piscina, best'].flatMap((name) => ['--candidate', name]);
    const { stdout, stderr } = await run(process.execPath, [
      ...[MAIN, '--quick', '--rounds', '1', '--round-ms', '20', '--json', json],
      ...candidates,
    ]);
    const report = parseReport(await readFile(json, 'utf8'));
    expect(report.skipped).to.deep.equal([]);
    const scenarios = [...new Set(report.cases.map(({ scenario }) => scenario))];
    expect(scenarios).to.deep.equal([
      ...['throughput', 'latency', 'instantiate', 'host-call', 'kill-recovery', 'mixed', 'fairness'],
      ...['reload-under-load', 'memory-per-instance', 'batch', 'languages', 'scaling'],
    ]);
    const throughput = report.cases[0]!.metrics[0]!;
    expect(throughput.candidates.map(({ name }) => name)).to.deep.equal(['engine', 'Piscina, best', 'function']);
    // One round can tell nothing.
    expect(throughput.winner).to.equal(null);
    const languages = report.cases.findLast(({ scenario }) => scenario === 'languages')!;
    expect(languages.metrics[0]!.candidates.map(({ name }) => name)).to.deep.equal([
      ...['WAT', 'AssemblyScript', 'JavaScript'],
    ]);
    expect(stdout).to.include('### throughput');
    expect(stderr).to.include('1/15 throughput: 16 B, 64 callers');
  });
});
