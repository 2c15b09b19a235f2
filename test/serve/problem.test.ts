import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { ERROR_CODES, type ErrorCode, PluginError } from '../../src/errors.ts';
import { problemOf } from '../../src/serve/problem.ts';
import { ROOT } from '../docs/blocks.ts';

const SECRET = '/srv/plugins/of-somebody-else.wasm';

function told(code: ErrorCode, details: ConstructorParameters<typeof PluginError>[2] = {}) {
  return problemOf(new PluginError(code, `Something about ${SECRET}`, { hint: `Look at ${SECRET}`, ...details }));
}

describe('what clients are told', () => {
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    it(`has a status for ${code}, and docs/serve.md has it`, async () => {
      const { status, title, type } = told(code).details;
      expect(status).to.be.within(400, 599);
      expect(title).to.match(/^[A-Z].*\.$/);
      expect(type).to.equal(`urn:wasm-plugin-pool:${code}`);
      expect(await readFile(new URL('docs/serve.md', ROOT), 'utf8')).to.match(
        new RegExp(`^\\| \`${code}\`.*\\b${status}\\b`, 'm'),
      );
    });
  }

  it('is nothing of the host, nor of another plugin (invariant 20)', () => {
    const cause = new Error(SECRET);
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const { details, headers } = told(code, { cause, plugin: SECRET, version: SECRET });
      // What these say is made of the client's own words and of numbers.
      if (code === 'ERR_INVALID_ARGUMENT' || code === 'ERR_DEADLINE') continue;
      expect(JSON.stringify([details, headers])).to.not.include(SECRET);
    }
    const unexpected = problemOf(new TypeError(`cannot read ${SECRET}`));
    expect(unexpected.details.status).to.equal(500);
    expect(JSON.stringify(unexpected.details)).to.not.include(SECRET);
  });

  it('says when to try again, where that helps', () => {
    expect(told('ERR_QUEUE_FULL').headers).to.deep.equal({ 'retry-after': '1' });
    const open = told('ERR_PLUGIN_QUARANTINED', { retryAfterMs: 1500 });
    expect(open.details.status).to.equal(503);
    expect(open.headers).to.deep.equal({ 'retry-after': '2' });
    // An input that is refused is so the next time, too.
    const input = told('ERR_PLUGIN_QUARANTINED');
    expect(input.details.status).to.equal(422);
    expect(input.headers).to.deep.equal({});
  });
});
