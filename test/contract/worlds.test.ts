import { expect } from 'chai';
import { analyzeComponent } from '../../src/component/analyze.ts';
import { interfaceHash } from '../../src/component/interface-hash.ts';
import { parseComponent } from '../../src/component/parse.ts';
import type { InstanceType } from '../../src/component/types.ts';
import { matchContract } from '../../src/contract/match.ts';
import { HOST_API, WORLDS } from '../../src/contract/worlds.ts';
import { contractWit, dummy } from '../support/wat.ts';

describe('the contract as data', () => {
  for (const { world, interface: interfaceName, type } of WORLDS) {
    it(`is ${world} of wit/`, async () => {
      const analysis = analyzeComponent(parseComponent(await dummy(world)));
      const exportName = `toolsku:plugin-system/${interfaceName}@1.0.0`;
      expect(matchContract(analysis)).to.deep.equal({
        world,
        exportName,
        hostApi: /-v[0-9]$/.test(world) ? undefined : 'toolsku:plugin-system/host-api@1.0.0',
        wasi: [],
        needs: [],
      });
      // Equal hashes also mean that the document has no function that the data lacks.
      const exported = analysis.exports.find(({ name }) => name === exportName)!.type as InstanceType;
      expect(interfaceHash(exported)).to.equal(interfaceHash(type));
    });
  }

  it('has the host API of wit/plugin-system.wit', async () => {
    const { imports } = analyzeComponent(parseComponent(await dummy('plugin-world')));
    expect(imports.map(({ name }) => name)).to.deep.equal([`toolsku:plugin-system/${HOST_API.interface}@1.0.0`]);
    expect(interfaceHash(imports[0]!.type as InstanceType)).to.equal(interfaceHash(HOST_API.type));
  });

  it('has every world of wit/', () => {
    const worlds = [...contractWit.matchAll(/^world ([a-z0-9-]+)/gm)].map((match) => match[1]);
    expect(WORLDS.map(({ world }) => world)).to.have.members(worlds);
  });
});
