import { Buffer } from 'node:buffer';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BatchSummary } from '../../../src/batch/file/tally.ts';
import type { PluginEngine } from '../../../src/engine.ts';
import { witness } from '../../engine/fixtures/witness.ts';
import { echo } from '../../fixtures/echo.ts';
import { closeEngines, createEngine } from '../../support/engine.ts';
import { rejection, seeded, until } from '../../support/outcome.ts';

describe('a batch of lines that travel as blocks', function () {
  this.timeout(120_000);
  let folder: string;
  const at = (name: string): string => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wasm-plugin-pool-test-'));
  });

  after(async () => {
    await closeEngines();
    await rm(folder, { recursive: true });
  });

  /** So few at once travel by themselves, so that one way can be held against the other. */
  const ALONE = { concurrency: 2 };
  /** A deadline of its own has each record read by this thread; then they travel together. */
  const PACKED = { deadlineMs: 1_000_000 };

  async function run(
    engine: PluginEngine,
    options: object,
  ): Promise<{ summary: BatchSummary; out: string; dead: string }> {
    const files = { input: at('in'), output: at('out'), deadLetter: at('dead') };
    const summary = await engine.batchFiles({ plugin: 'plugin', ...files, ...options });
    return { summary, out: await readFile(at('out'), 'utf8'), dead: await readFile(at('dead'), 'utf8') };
  }

  const counts = ({ seconds: _, recordsPerSecond: __, plugins, ...rest }: BatchSummary): object => ({
    ...rest,
    calls: plugins.map(({ plugin, calls, unsuccessful }) => [plugin, calls, unsuccessful]).sort(),
  });

  const ODD: readonly ((index: number) => string | Buffer)[] = [
    (index) => JSON.stringify({ id: `a${index}`, input: `x"\\\n\u0001é💥${index}` }),
    () => '  { "input" : "sp\\u00e9 \\ud83d\\ude00" , "x": [1,{"a":null}], "id":"q" } ',
    () => '{bad',
    () => '',
    () => ' \t\u00a0\r',
    (index) => JSON.stringify({ input: 'option', options: { k: `v${index}` } }),
    () => JSON.stringify({ input: 'option', options: [['k', 'é"']] }),
    () => JSON.stringify({ input: 'option', options: { 2: 'b', 1: 'a' } }),
    () => JSON.stringify({ input: 'fail', id: 'esc"aped' }),
    () => JSON.stringify({ id: 7, input: 'n' }),
    () => Buffer.from([0x7b, 0xff]),
    (index) => `${JSON.stringify({ id: 'x', input: 'big', pad: 'p'.repeat(index % 1000) })}\r`,
    () => JSON.stringify({ input: 'output 9000' }),
    () => JSON.stringify({ input: 'fail', own: [1, 2], options: {} }),
  ];

  /** Lines of all kinds, among many that are usual. */
  async function writeLines(count: number, special?: (index: number) => string | undefined): Promise<void> {
    const random = seeded(5);
    const lines: Buffer[] = [Buffer.from('\ufeff')];
    for (let index = 0; index < count; index++) {
      const usual = JSON.stringify({ id: `r${index}`, input: `some words of text ${index}` });
      const line = special?.(index) ?? (random.below(4) === 0 ? ODD[random.below(ODD.length)]!(index) : usual);
      lines.push(Buffer.from(line), Buffer.from(index === count - 1 ? '' : '\n'));
    }
    await writeFile(at('in'), Buffer.concat(lines));
  }

  for (const inputFormat of ['jsonl', 'lines'] as const) {
    for (const outputFormat of ['jsonl', 'lines'] as const) {
      for (const options of [[], [['given', 'yes']]] as const) {
        it(`gives what records by themselves give: ${inputFormat} to ${outputFormat}, ${options.length} options`, async () => {
          const engine = await createEngine();
          await engine.loadPlugin('plugin', await echo());
          await writeLines(6000, (index) =>
            index === 3000 ? JSON.stringify({ input: 'h'.repeat(400_000) }) : undefined,
          );
          const how = { inputFormat, outputFormat, options, ordered: true };
          const malformed = { blocks: [] as number[], alone: [] as number[], packed: [] as number[] };
          const blocks = await run(engine, { ...how, onMalformed: (line: number) => malformed.blocks.push(line) });
          const alone = await run(engine, {
            ...how,
            ...ALONE,
            onMalformed: (line: number) => malformed.alone.push(line),
          });
          const packed = await run(engine, {
            ...how,
            ...PACKED,
            onMalformed: (line: number) => malformed.packed.push(line),
          });
          for (const [name, way] of Object.entries({ blocks, packed })) {
            expect(way.out, name).to.equal(alone.out);
            expect(way.dead, name).to.equal(alone.dead);
            expect(counts(way.summary), name).to.deep.equal(counts(alone.summary));
          }
          for (const lines of Object.values(malformed)) lines.sort((a, b) => a - b);
          expect(malformed).to.deep.equal({
            blocks: malformed.alone,
            alone: malformed.alone,
            packed: malformed.alone,
          });
          const any = await run(engine, { ...how, ordered: false });
          expect(any.out.split('\n').sort()).to.deep.equal(alone.out.split('\n').sort());
        });
      }
    }
  }

  it('has records that trap or are killed cost only themselves, and runs none twice', async () => {
    const engine = await createEngine({ threads: 2 });
    const begun = new Map<string, number>();
    engine.on('plugin:event', ({ type }) => begun.set(type, (begun.get(type) ?? 0) + 1));
    await engine.loadPlugin('plugin', await witness(), { sandbox: { cpuTimeLimitMs: 60 } });
    const kindOf = (index: number): string => (index % 500 === 250 ? 's' : index % 100 === 7 ? 't' : 'e');
    const records = Array.from({ length: 1500 }, (_, index) => ({
      id: `${index}`,
      input: `${kindOf(index)}-${index}`,
    }));
    await writeFile(at('in'), records.map((record) => JSON.stringify(record)).join('\n'));
    for (const ordered of [true, false]) {
      begun.clear();
      const { summary, out, dead } = await run(engine, { ordered });
      expect(summary).to.deep.include({ records: 1500, succeeded: 1482, failed: 18 });
      expect(summary.errors).to.deep.equal({ ERR_TRAP: 15, ERR_CPU_TIME_LIMIT: 3 });
      const lines = out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const sorted = ordered ? lines : lines.sort((a, b) => a.index - b.index);
      for (const [index, { id, ok, output, error }] of sorted.entries()) {
        const expected = { s: 'ERR_CPU_TIME_LIMIT', t: 'ERR_TRAP', e: undefined }[kindOf(index)];
        const input = `${kindOf(index)}-${index}`;
        expect([id, ok ? output : error.code, begun.get(input)]).to.deep.equal([`${index}`, expected ?? input, 1]);
      }
      const letters = dead
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(letters.map(({ input }) => input).sort()).to.deep.equal(
        records
          .map(({ input }) => input)
          .filter((input) => !input.startsWith('e'))
          .sort(),
      );
      expect(letters.every(({ attempts, index, line }) => attempts === 1 && line === index + 1)).to.equal(true);
    }
  });

  it('runs the records of other plugins, in their order', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('plugin', await echo());
    await engine.loadPlugin('other', await echo(), { config: { prefix: 'other-' } });
    await writeLines(3000, (index) =>
      index % 700 === 650 ? JSON.stringify({ input: 'x', plugin: index === 650 ? 'nobody' : 'other' }) : undefined,
    );
    const blocks = await run(engine, { ordered: true });
    const alone = await run(engine, { ordered: true, ...ALONE });
    expect(blocks.out).to.equal(alone.out);
    expect(blocks.dead).to.equal(alone.dead);
    expect(blocks.out).to.include('"output":"other-x"').and.to.include('ERR_PLUGIN_NOT_FOUND');
  });

  it('gives every record its own look where the plugin has a failure policy', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('plugin', await witness(), { failurePolicy: { maxFailures: 3 } });
    await writeFile(at('in'), Array.from({ length: 600 }, (_, index) => `{"input":"t${index}"}`).join('\n'));
    const { summary } = await run(engine, {});
    expect(summary.errors.ERR_PLUGIN_QUARANTINED).to.be.above(0);
  });

  it('has records of other plugins among its own, and attempts', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('plugin', await echo());
    await engine.loadPlugin('other', await echo(), { config: { prefix: 'other(' } });
    await engine.loadPlugin('witness', await witness());
    const plugins = ['plugin', 'other', 'witness', 'nobody', undefined];
    await writeLines(2000, (index) => {
      if (index < 700 || index % 7 !== 0) return undefined;
      const plugin = plugins[index % plugins.length];
      return JSON.stringify({ id: `o${index}`, input: `${index % 9 === 0 ? 't' : 'e'} ${index}`, plugin });
    });
    const how = { ordered: true, retry: { attempts: 3, backoffMs: 1 } };
    const blocks = await run(engine, how);
    const alone = await run(engine, { ...how, ...ALONE });
    expect(blocks.out).to.equal(alone.out);
    expect(blocks.dead).to.equal(alone.dead);
    expect(counts(blocks.summary)).to.deep.equal(counts(alone.summary));
  });

  it('spreads slow records over the threads', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('plugin', await witness());
    await writeFile(at('in'), Array.from({ length: 240 }, (_, index) => `{"input":"b${index}"}`).join('\n'));
    const done = run(engine, {});
    let state: 'running' | 'over' = 'running';
    void done.finally(() => {
      state = 'over';
    });
    await until(() => engine.status().threads.busy >= 2 || state === 'over');
    expect(state).to.equal('running');
    expect((await done).summary.succeeded).to.equal(240);
  });

  it('is aborted at once, also in the middle of a record', async () => {
    const engine = await createEngine({ threads: 2 });
    const begun = new Set<string>();
    engine.on('plugin:event', ({ type }) => begun.add(type));
    await engine.loadPlugin('plugin', await witness(), { sandbox: { cpuTimeLimitMs: 60_000 } });
    await writeFile(
      at('in'),
      Array.from({ length: 5000 }, (_, index) => `{"input":"${index === 40 ? 's' : 'e'}${index}"}`).join('\n'),
    );
    const controller = new AbortController();
    const error = rejection(run(engine, { signal: controller.signal, journal: false }));
    await until(() => begun.has('s40'));
    controller.abort();
    expect((await error).code).to.equal('ERR_ABORTED');
    expect((await engine.process('plugin', { input: 'e' })).output).to.equal('e');
  });
});
