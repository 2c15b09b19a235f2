import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('./types/child.ts', import.meta.url));

describe('components whose types all differ, loaded and unloaded one after another', function () {
  this.timeout(240_000);

  it('are refused before V8 ends the process, and everything else goes on', async () => {
    const { stdout, stderr } = await run(process.execPath, [CHILD]);
    const { types, loaded, ...rest } = JSON.parse(stdout) as { types: number; loaded: number };
    expect(rest).to.deep.equal({
      code: 'ERR_COMPONENT_TOO_COMPLEX',
      limit: { name: 'processTypes', value: 250_000 },
      output: 'hello',
      lost: 0,
      failures: [],
    });
    expect(loaded).to.equal(31);
    expect(types).to.be.within(31 * 8_000, 250_000);
    expect(stderr).to.equal('');
  });
});
