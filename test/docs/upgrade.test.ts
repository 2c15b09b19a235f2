import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { analyzeComponent } from '../../src/component/analyze.ts';
import { parseComponent } from '../../src/component/parse.ts';
import { matchContract } from '../../src/contract/match.ts';
import { contractWit, dummy } from '../support/wat.ts';
import { ROOT } from './blocks.ts';

describe('docs/upgrade-the-contract.md', () => {
  it('has WIT that goes into the contract beside what is there, and breaks no plugin', async () => {
    const page = await readFile(new URL('docs/upgrade-the-contract.md', ROOT), 'utf8');
    const addition = /```wit\n(.*?)```/s.exec(page)?.[1] ?? '';
    const wit = `${contractWit}\n${addition}`;
    const match = async (world: string) => matchContract(analyzeComponent(parseComponent(await dummy(world, wit))));
    expect((await match('plugin-world')).world).to.equal('plugin-world');
    expect((await match('plugin-v1')).world).to.equal('plugin-v1');
    const both = wit.replace('world plugin-v3 {', 'world plugin-v3 {\n  export plugin-api-v1;');
    const old = analyzeComponent(parseComponent(await dummy('plugin-v3', both)));
    expect(matchContract(old).world).to.equal('plugin-v1');
    const only = await match('plugin-v3').catch((error: unknown) => error);
    expect(only).to.include({ code: 'ERR_INCOMPATIBLE_WIT' });
  });
});
