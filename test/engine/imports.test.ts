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
  it('loads what every engine needs and nothing else', async () => {
    const library = new URL('../../src/index.ts', import.meta.url).href;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', PROGRAM, library];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    // Not those of the command line, the benchmark, CSV, Prometheus, watching, failure policies or the compiler's tools.
    expect(JSON.parse(stdout)).to.deep.equal(['eventemitter3', 'lru-cache', 'piscina']);
  });
});
