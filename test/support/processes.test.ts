import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE = 'test/support/fixtures/leaving-processes.ts';

describe('A test that fails', () => {
  const start = (env: Readonly<Record<string, string>> = {}): ChildProcessWithoutNullStreams => {
    const args = [
      'node_modules/mocha/bin/mocha.js',
      '--no-config',
      '--timeout',
      '0',
      '--require',
      './test/support/processes.ts',
      FIXTURE,
    ];
    const options = ['--disable-warning=ExperimentalWarning', ...args];
    return spawn(process.execPath, options, { cwd: ROOT, env: { ...process.env, ...env } });
  };

  /** The processes that the tests have started. */
  const startedIn = (output: string): number[] =>
    [...output.matchAll(/^started (\d+)$/gm)].map(([, pid]) => Number(pid));

  /** Resolves when there is none of them any more: whoever ended them need not have waited for that. */
  const gone = async (pids: readonly number[]): Promise<void> => {
    while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('leaves no process behind', async () => {
    const mocha = start();
    let output = '';
    mocha.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    const [status] = await once(mocha, 'close');
    expect(status, output).to.equal(1);
    expect(output).to.include('1 passing').and.include('on purpose');
    expect(startedIn(output)).to.have.length(4);
    await gone(startedIn(output));
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`leaves none behind when mocha gets ${signal}`, async () => {
      const mocha = start({ WAIT: 'yes' });
      let output = '';
      mocha.stdout.setEncoding('utf8').on('data', (chunk) => {
        output += chunk;
        if (output.includes('waiting')) mocha.kill(signal);
      });
      // At SIGINT it waits for the test that runs.
      if (signal === 'SIGTERM') await once(mocha, 'close');
      else while (!output.includes('waiting')) await once(mocha.stdout, 'data');
      expect(startedIn(output)).to.have.length(4);
      await gone(startedIn(output));
      mocha.kill('SIGKILL');
    });
  }
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
