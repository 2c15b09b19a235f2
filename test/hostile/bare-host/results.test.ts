import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { ROOMS } from '../corpus.ts';
import { type Result, withTable } from './table.ts';

/** The comparison itself takes minutes: `npm run compare:hosts` makes it, and this says when it has to be made again. */
describe('the comparison with a bare host', () => {
  let results: Result[];

  before(async () => {
    results = JSON.parse(await readFile(new URL('./results.json', import.meta.url), 'utf8'));
  });

  it('covers every attack of the corpus, and no other', () => {
    const name = ({ room, name }: { room: string; name: string }): string => `${room}: ${name}`;
    const attacks = ROOMS.flatMap(({ room, attacks }) => attacks.map((attack) => name({ room, name: attack.name })));
    expect(results.map(name)).to.deep.equal(attacks);
  });

  it('stands in docs/security.md as it was made', async () => {
    const document = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8');
    expect(withTable(document, results)).to.equal(document);
  });
});
