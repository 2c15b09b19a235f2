import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { blocksOf, commandsOf, matching, promisedBy } from '../docs/blocks.ts';
import { Playground } from '../docs/playground.ts';
import { findRegistry, RegistryServer } from './registry-server.ts';

const path = findRegistry();

if (path !== undefined) {
  describe('the code in docs/registries.md', function () {
    this.timeout(120_000);
    const registry = new RegistryServer(path);
    let playground: Playground;

    before(async () => {
      await registry.start();
      playground = await Playground.make();
    });
    after(async () => {
      await registry.end();
      await rm(playground.folder, { recursive: true });
    });

    it('runs', async () => {
      const here = (text: string): string => text.replaceAll('registry.example.org', registry.host);
      for (const { place, language, text } of await blocksOf('docs/registries.md', ['ts', 'console'])) {
        if (language === 'ts') {
          const printed = await playground.print(here(text));
          expect(printed.trimEnd().split('\n'), place).to.deep.equal(promisedBy(text));
          continue;
        }
        for (const { line, prints } of commandsOf(here(text))) {
          expect((await playground.shell(line)).trimEnd(), `${place}: ${line}`).to.match(matching(prints));
        }
      }
    });
  });
}
