import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/** Imports the library and prints the packages whose files that loads. */
const PROGRAM = `
  import { registerHooks } from 'node:module';
  const packages = new Set();
  registerHooks({
    load(url, context, next) {
      const name = /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
      if (name !== undefined) packages.add(name);
      return next(url, context);
    },
  });
  await import(process.argv[1]);
  console.log(JSON.stringify([...packages].sort()));
`;

describe('importing the library', () => {
  it('loads the surface of the engine and nothing else', async () => {
    const library = new URL('../../src/index.ts', import.meta.url).href;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', PROGRAM, library];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    // Not those that the first engine needs, nor those of the command line, the benchmark or what else is asked for by itself.
    expect(JSON.parse(stdout)).to.deep.equal(['eventemitter3']);
  });
});
