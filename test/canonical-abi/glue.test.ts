import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { compileComponent } from '../../src/artifact/compile-component.ts';
import { compileGlue } from '../../src/canonical-abi/glue.ts';
import { resolvePolicy } from '../../src/host/policy/policy.ts';
import { thrown } from '../support/outcome.ts';
import { fullPlugin } from '../workers/guest.ts';

const policy = resolvePolicy({});
const noModule = (): WebAssembly.Module => {
  throw new Error('not asked for');
};
const noCore = (): WebAssembly.Instance => {
  throw new Error('not asked for');
};

/** What a function body in the place of the glue returns. */
function evaluate(body: string): Readonly<Record<string, unknown>> {
  const source = `"use components";\nexport function instantiate(getCoreModule, imports) {\n${body}\n}\nexport const _util = {\n}\n`;
  return compileGlue(source, policy)(noModule, {}, noCore);
}

describe('compileGlue', () => {
  it('keeps the process, its environment and the console out of sight', () => {
    const seen = evaluate(`return {
      process: typeof process, viaGlobal: typeof globalThis.process, fetch: typeof globalThis.fetch,
      require: typeof require, WebAssembly: typeof globalThis.WebAssembly.Instance,
    }`);
    expect(seen).to.deep.equal({
      process: 'undefined',
      viaGlobal: 'undefined',
      fetch: 'undefined',
      require: 'undefined',
      WebAssembly: 'function',
    });
  });

  it('runs in strict mode, as the module that it was', () => {
    expect(evaluate('return { self: (function () { return this; })() };').self).to.equal(undefined);
  });

  it('imports nothing', async () => {
    const { imported } = evaluate(`return { imported: import('node:fs').then(() => 'yes', (error) => error.code) };`);
    expect(await imported).to.equal('ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING');
  });

  it('decodes strictly and keeps U+FEFF', () => {
    const decode = evaluate(`const decoder = new TextDecoder(); return { decode: (bytes) => decoder.decode(bytes) };`)
      .decode as (bytes: Uint8Array) => string;
    expect(decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).to.equal('\u{feff}a');
    const error = thrown(() => decode(Uint8Array.of(0xff)));
    expect(error.code).to.equal('ERR_INVALID_RESPONSE');
    expect(error.message).to.equal('The plugin broke the canonical ABI: a string is not valid UTF-8');
  });

  for (const [what, source] of [
    ['text without `instantiate`', 'export const x = 1;'],
    ['text that does not parse', 'export function instantiate( {'],
    ['a second export', 'export function instantiate() {}\nexport const other = 1;'],
    ['an import', 'import fs from "node:fs";\nexport function instantiate() {}'],
  ] as const) {
    it(`refuses ${what} with ERR_INVALID_COMPONENT`, () => {
      expect(thrown(() => compileGlue(source, policy)).code).to.equal('ERR_INVALID_COMPONENT');
    });
  }

  it('leaves nothing behind: a heap of 32 MiB outlives 100 MiB of glue', async () => {
    const { binding } = await compileComponent(await fullPlugin(), { ...policy, binding: 'glue' });
    const glue = binding.kind === 'glue' ? binding.glue : '';
    const worker = new Worker(
      `const { workerData } = require('node:worker_threads');
       import(workerData.module).then(({ compileGlue }) => {
         for (let version = 0; version < workerData.times; version++) {
           compileGlue(workerData.glue + '\\n// version ' + version, { maxOutputBytes: 1024 });
         }
       });`,
      {
        eval: true,
        resourceLimits: { maxOldGenerationSizeMb: 32 },
        workerData: {
          module: new URL('../../src/canonical-abi/glue.ts', import.meta.url).href,
          glue,
          times: Math.ceil((100 * 1024 * 1024) / glue.length),
        },
      },
    );
    const [status] = await once(worker, 'exit');
    expect(status).to.equal(0);
  });
});
