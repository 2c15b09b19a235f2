import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect } from 'chai';
import { readsZstd } from '../../../src/batch/file/decompress.ts';
import { jsonl, linesOf, Workplace } from '../../cli/cli.ts';
import { echo } from '../../fixtures/guests.ts';
import { seeded } from '../../support/outcome.ts';

/** Each seed is another choice of moments. */
const SEED = 6;
const RECORDS = 4000;

/** One batch, and what its output has to hold. */
interface Variant {
  readonly name: string;
  readonly output: string;
  readonly args: readonly string[];
}

const VARIANTS: readonly Variant[] = [
  { name: 'as they are done', output: 'out.jsonl', args: [] },
  { name: 'in order', output: 'ordered.jsonl', args: ['--ordered'] },
  { name: 'at most once', output: 'once.jsonl', args: ['--at-most-once'] },
  { name: 'compressed', output: 'out.jsonl.gz', args: [] },
  { name: 'compressed, in order', output: readsZstd() ? 'ordered.jsonl.zst' : 'ordered.jsonl.gz', args: ['--ordered'] },
];

async function contents(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (path.endsWith('.gz')) return gunzipSync(bytes).toString();
  return path.endsWith('.zst') ? zstdDecompressSync(bytes).toString() : bytes.toString();
}

/**
 * Kills the command line at random moments, so often over all variants, and has it go on.
 *
 * @param kills At least one for each variant.
 * @param resumed How many of the last runs have to have found something of earlier ones.
 */
export function describeKills(kills: number, { resumed: atLeast }: { readonly resumed: number }): void {
  describe(`a batch that is killed at ${kills} random moments`, function () {
    this.timeout(600_000);
    const workplace = new Workplace();
    /** Every seventh record is refused; the others take about a millisecond, or say which they are. */
    const inputOf = (index: number): string =>
      index % 7 === 3 ? 'fail' : index % 4 > 0 ? `log begun-${index}` : 'burn 1';

    before(async () => {
      await workplace.file('echo.wasm', echo);
      const records = Array.from({ length: RECORDS }, (_, index) =>
        JSON.stringify({ id: `r${index}`, input: inputOf(index) }),
      );
      await workplace.file('in.jsonl', `${records.join('\n')}\n`);
    });

    it('has every record in its output exactly once', async () => {
      const random = seeded(SEED);
      let killed = 0;
      let resumed = 0;
      for (let round = 0; killed < kills; round++) {
        const variant = VARIANTS[round % VARIANTS.length]!;
        const journal = workplace.path(`${variant.output}.journal`);
        const begun = new Map<string, number>();
        await Promise.all([variant.output, 'dead.jsonl'].map((name) => rm(workplace.path(name), { force: true })));
        const enough = killed + kills / VARIANTS.length;
        for (;;) {
          const args = [
            '--input',
            'in.jsonl',
            '--output',
            variant.output,
            '--dead-letter',
            'dead.jsonl',
            ...variant.args,
          ];
          const child = workplace.start(['batch', 'echo.wasm', '--resume', '--concurrency', '64', ...args]);
          let said = '';
          child.stderr.setEncoding('utf8').on('data', (text: string) => {
            said += text;
          });
          const closed = once(child, 'close');
          const kill = async (): Promise<void> => {
            // Most of them while records run; some before that.
            if (random.below(5) > 0) while (!said.includes('begun-') && child.exitCode === null) await delay(2);
            await delay(random.below(random.pick([10, 100, 400])));
            child.kill('SIGKILL');
          };
          if (killed < enough) void kill();
          const [status, signal] = await closed;
          for (const [, index] of said.matchAll(/ begun-(\d+)\n/g)) begun.set(index!, (begun.get(index!) ?? 0) + 1);
          if (signal === null) {
            expect(status, said).to.equal(1);
            if (said.includes('by earlier runs')) resumed++;
            break;
          }
          killed++;
          // Killed between its last line and the end of the process.
          // An output without a byte says nothing: it is there before its journal is.
          if (!existsSync(journal) && sizeOf(workplace.path(variant.output)) > 0) break;
        }
        const results = jsonl(await contents(workplace.path(variant.output)));
        const place = `${variant.name}, round ${round}`;
        expect(
          results.map(({ index }) => index).sort((a, b) => a - b),
          place,
        ).to.deep.equal(Array.from({ length: RECORDS }, (_, index) => index));
        if (variant.args.includes('--ordered')) {
          expect(
            results.every(({ index }, at) => index === at),
            place,
          ).to.equal(true);
        }
        const atMostOnce = variant.args.includes('--at-most-once');
        for (const { id, index, ok, error, success } of results) {
          expect(id, place).to.equal(`r${index}`);
          if (!ok) expect([atMostOnce, error.code], place).to.deep.equal([true, 'ERR_WORKER_CRASHED']);
          else expect(success, place).to.equal(index % 7 !== 3);
        }
        // Every record without success is a dead letter, once.
        const letters = jsonl(await contents(workplace.path('dead.jsonl')));
        const without = results.filter(({ ok, success }) => !ok || !success).map(({ index }) => index);
        expect(
          letters.map(({ index }) => index),
          place,
        ).to.have.members(without);
        if (atMostOnce)
          expect(
            [...begun.values()].filter((times) => times > 1),
            place,
          ).to.deep.equal([]);
      }
      expect(resumed).to.be.at.least(atLeast);
      expect(linesOf(await readFile(workplace.path('in.jsonl'), 'utf8')).length).to.equal(RECORDS);
    });
  });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
