/**
 * Writes the tables of the documentation from the newest report in `bench/results`: `node bench/tables.ts`. A test holds
 * the documents to what this writes.
 */
import { writeFile } from 'node:fs/promises';
import { generated, ROOT } from './tables/generated.ts';

for (const [path, text] of await generated()) await writeFile(new URL(path, ROOT), text);
