import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { blocksOf, commandsOf, matching, promisedBy, ROOT } from './blocks.ts';
import { Playground } from './playground.ts';

const MAIN = fileURLToPath(new URL('src/cli/main.ts', ROOT));

/** Builds the plugin that a block marked `js` is. */
async function buildPlugin(playground: Playground, text: string): Promise<void> {
  await mkdir(join(playground.folder, 'js/src'), { recursive: true });
  await writeFile(join(playground.folder, 'js/src/plugin.js'), text);
  const [, bytes] = /export const pluginApi(Bytes)?/.exec(text) ?? [];
  await playground.run(process.execPath, [MAIN, 'build', 'js', ...(bytes ? ['--world', 'plugin-bytes'] : [])]);
}

/** Runs the blocks of documents one after the other, each document in a folder that the ones before it have used. */
export function describeExamples(documents: readonly string[]): void {
  describe(`the code in ${documents.length} pages of the documentation`, () => {
    let playground: Playground;
    before(async () => {
      playground = await Playground.make();
    });
    after(() => rm(playground.folder, { recursive: true }));

    for (const document of documents) {
      it(`runs in ${document}`, async function () {
        this.timeout(120_000);
        const blocks = await blocksOf(document, ['ts', 'js', 'console']);
        expect(blocks).not.to.be.empty;
        for (const { place, language, text } of blocks) {
          if (language === 'js') {
            await buildPlugin(playground, text);
            continue;
          }
          if (language === 'ts') {
            expect((await playground.print(text)).trimEnd().split('\n'), place).to.deep.equal(promisedBy(text));
            continue;
          }
          for (const { line, prints } of commandsOf(text)) {
            const printed = await playground.shell(line);
            expect(printed.trimEnd(), `${place}: ${line}`).to.match(matching(prints));
          }
        }
      });
    }
  });
}
