import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const SOURCES = new URL('../../', import.meta.url).href;

/** What a program does whose only work is a request to a process that has just been killed. */
const PROGRAM = `
import { PluginEngine } from '${SOURCES}src/index.ts';
import { echo } from '${SOURCES}test/fixtures/echo.ts';
const engine = await PluginEngine.create({ threads: 1, isolation: 'process', cacheDirectory: false });
await engine.loadPlugin('echo', await echo());
process.kill(engine.status().processes[0].pid, 'SIGKILL');
console.log((await engine.process('echo', { input: 'still here' })).output);
await engine.close();
`;

describe('a request to a process that is gone', () => {
  it('keeps the host alive until the next process has answered it', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '--eval', PROGRAM],
      { cwd: fileURLToPath(SOURCES) },
    );
    expect(stdout).to.equal('still here\n');
  });
});
