import { readFile, writeFile } from 'node:fs/promises';
import { describeObservation } from '../test/hostile/bare-host/describe.ts';
import { observe } from '../test/hostile/bare-host/observe.ts';
import { type Result, withTable } from '../test/hostile/bare-host/table.ts';
import { ROOMS } from '../test/hostile/corpus.ts';

/*
 * Performs every attack of `test/hostile` on a bare host (jco and preview2-shim), one after the other, and writes what
 * came of it to `test/hostile/bare-host/results.json` and into `docs/security.md`. Takes some minutes:
 *
 *     npm run compare:hosts
 *
 * With a word, only the attacks whose name has it are performed again.
 */

const only = process.argv[2];
const RESULTS = new URL('../test/hostile/bare-host/results.json', import.meta.url);
const DOCS = new URL('../docs/security.md', import.meta.url);

const known: Result[] = await readFile(RESULTS, 'utf8').then(JSON.parse, () => []);
const results: Result[] = [];
for (const { room, attacks } of ROOMS) {
  for (const attack of attacks) {
    const before = known.find((result) => result.room === room && result.name === attack.name);
    if (before !== undefined && only !== undefined && !`${room}: ${attack.name}`.includes(only)) {
      results.push(before);
      continue;
    }
    const bare = describeObservation(attack, await observe(attack));
    console.log(`${room}: ${attack.name}: ${bare}`);
    results.push({ room, name: attack.name, bare });
  }
}
await writeFile(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
await writeFile(DOCS, withTable(await readFile(DOCS, 'utf8'), results));
