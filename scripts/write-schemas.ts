/** Writes the JSON Schemas of `schemas/`: `npm run schemas`. `test/package/schemas.long.test.ts` tells when to. */
import { writeFile } from 'node:fs/promises';
import { generateSchemas } from './schemas/generate.ts';

for (const [name, text] of generateSchemas()) {
  await writeFile(new URL(`../schemas/${name}`, import.meta.url), text);
  console.log(`schemas/${name}`);
}
