import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const MAIN = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const run = promisify(execFile);

describe('npm run bench, used wrongly', () => {
  it('says what it does not know', async () => {
    const wrong = await run(process.execPath, [MAIN, '--scenario', 'speed']).catch((error) => error);
    expect(wrong.code).to.equal(2);
    expect(wrong.stderr).to.match(/^There is no scenario `speed`: throughput; latency;/);
    const misspelt = await run(process.execPath, [MAIN, '--fast']).catch((error) => error);
    expect(misspelt.code).to.equal(2);
    expect(misspelt.stderr).to.match(/^Unknown option '--fast'/);
    const { stdout } = await run(process.execPath, [MAIN, '--help']);
    expect(stdout)
      .to.match(/ {2}scaling +How many more requests/)
      .and.to.include('  Piscina, best\n');
  });
});
