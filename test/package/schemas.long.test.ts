import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { generateSchemas } from '../../scripts/schemas/generate.ts';

describe('The JSON Schemas, made again', () => {
  it('are what lies in schemas/: `npm run schemas` writes them', async function () {
    this.timeout(180_000);
    for (const [name, text] of generateSchemas()) {
      expect(await readFile(new URL(`../../schemas/${name}`, import.meta.url), 'utf8'), name).to.equal(text);
    }
  });
});
