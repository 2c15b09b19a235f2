import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Workplace } from './cli.ts';
import { installPackages, runIn } from './projects.ts';

/** The packages of npm that a project needs, by its language. */
const PACKAGES = {
  javascript: ['componentize-qjs'],
  typescript: ['componentize-qjs', 'typescript', '@types/node'],
  assemblyscript: ['assemblyscript'],
} as const;

/** What `new` makes in these languages, built and tested. */
export function makesProjectsThatBuild(workplace: Workplace, languages: readonly (keyof typeof PACKAGES)[]): void {
  for (const language of languages) {
    it(`makes a project in ${language} that builds, and whose own tests pass`, async function () {
      this.timeout(120_000);
      await workplace.run(['new', `work/${language}-plugin`, '--language', language]);
      const project = workplace.path(`work/${language}-plugin`);
      await installPackages(project, PACKAGES[language]);
      const built = await workplace.run(['build', project]);
      expect(built.stderr).to.equal('');
      expect(built.stdout).to.match(/^work\/\w+-plugin\/build\/\w+-plugin\.wasm: [\d.]+ [KM]iB, built in \d+ ms\n$/);
      await runIn(project, process.execPath, ['--disable-warning=ExperimentalWarning', '--test']);
      if (language !== 'typescript') return;
      // The types of `wasm-plugin-pool/plugin` and of the engine are those of the sources here.
      const paths = Object.fromEntries(
        Object.entries({ 'wasm-plugin-pool/plugin': 'guest/define-plugin.ts', 'wasm-plugin-pool': 'index.ts' }).map(
          ([name, file]) => [name, [new URL(`../../src/${file}`, import.meta.url).pathname]],
        ),
      );
      const overrides = { noEmit: true, lib: ['es2024', 'esnext.disposable'], paths };
      await writeFile(
        `${project}/tsconfig.test.json`,
        JSON.stringify({ extends: './tsconfig.json', compilerOptions: overrides, include: ['src'] }),
      );
      await runIn(project, process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json']);
    });
  }
}
