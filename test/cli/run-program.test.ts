import { once } from 'node:events';
import { expect } from 'chai';
import { echo } from '../fixtures/guests.ts';
import { proxy } from '../fixtures/proxy.ts';
import { tool } from '../fixtures/tool.ts';
import { ended, Workplace } from './cli.ts';

describe('wasm-plugin-pool run, of a command', () => {
  const workplace = new Workplace();

  before(async () => {
    await workplace.file('tool.wasm', tool);
    await workplace.file('echo.wasm', echo);
    await workplace.file('proxy.wasm', proxy);
    await workplace.file('fast.json', JSON.stringify({ cpuTimeLimitMs: 50 }));
  });

  it('gives it the arguments behind --, and those of --args before them', async () => {
    const behind = await workplace.run(['run', 'tool.wasm', '--', 'echo', '--quiet', '']);
    expect(behind).to.deep.equal({ status: 0, stdout: 'tool\necho\n--quiet\n\n', stderr: '' });
    const both = await workplace.run(['run', 'tool.wasm', '--args', 'echo', '--args', '--x', '--', 'y']);
    expect(both).to.deep.equal({ status: 0, stdout: 'tool\necho\n--x\ny\n', stderr: '' });
  });

  it('needs neither input nor arguments', async () => {
    expect(await workplace.run(['run', 'tool.wasm'])).to.deep.equal({ status: 0, stdout: '', stderr: '' });
  });

  it('has its standard input be that of the process, byte for byte, or the text of --input', async () => {
    const bytes = Buffer.from(Array.from({ length: 2000 }, (_, index) => (index % 95) + 32)).toString();
    expect((await workplace.run(['run', 'tool.wasm', '--', 'cat'], bytes)).stdout).to.equal(bytes);
    expect((await workplace.run(['run', 'tool.wasm', '--input', '-', '--', 'cat'], 'ö\n')).stdout).to.equal('ö\n');
    expect((await workplace.run(['run', 'tool.wasm', '--input', 'a', '--', 'cat'], 'b')).stdout).to.equal('a');
  });

  it('passes on what it reads and writes while it runs', async () => {
    const child = workplace.start(['run', 'tool.wasm', '--', 'cat']);
    for (const line of ['one', 'two']) {
      child.stdin.write(line);
      const [chunk] = await once(child.stdout, 'data');
      expect(String(chunk)).to.equal(line);
    }
    child.stdin.end();
    expect((await ended(child)).status).to.equal(0);
  });

  it('ends when the command does, whatever is left to read', async () => {
    const child = workplace.start(['run', 'tool.wasm', '--', 'once']);
    child.stdin.on('error', () => {});
    child.stdin.write('more than it reads');
    // Standard input stays open.
    expect(await ended(child)).to.deep.equal({ status: 0, stdout: 'more\n', stderr: '' });
  });

  it('ends with the status of the command', async () => {
    expect(await workplace.run(['run', 'tool.wasm', '--', 'quit', '7'])).to.deep.equal({
      status: 7,
      stdout: '',
      stderr: '',
    });
    expect((await workplace.run(['run', 'tool.wasm', '--', 'fail'])).status).to.equal(1);
  });

  it('gives it the variables of --env', async () => {
    const args = ['--env', 'A=1', '--env', 'B=x=y', '--env', 'A=2'];
    const { stdout } = await workplace.run(['run', 'tool.wasm', ...args, '--', 'variables']);
    expect(stdout).to.equal('A=2\nB=x=y\n');
  });

  it('says why it was ended, on standard error beside what it wrote', async () => {
    const trapped = await workplace.run(['run', 'tool.wasm', '--', 'panic', 'last words\n']);
    expect(trapped.stderr).to.match(/^last words\nerror: .* \(ERR_TRAP\)\n {4}at /);
    expect(trapped.status).to.equal(1);
    const spun = await workplace.run(['run', 'tool.wasm', '--sandbox', 'fast.json', '--', 'spin']);
    expect(spun.stderr).to.match(/^error: .*`cpuTimeLimitMs`.* \(ERR_CPU_TIME_LIMIT\)\n$/);
    expect(spun.status).to.equal(1);
  });

  it('is done when nobody reads on', async () => {
    const child = workplace.start(['run', 'tool.wasm', '--', 'write']);
    child.stdout.once('data', () => child.stdout.destroy());
    const stderr: string[] = [];
    child.stderr.on('data', (chunk) => stderr.push(String(chunk)));
    const [status] = await once(child, 'exit');
    expect([status, stderr.join('')]).to.deep.equal([0, '']);
  });

  it('is given up when it is interrupted', async () => {
    const child = workplace.start(['run', 'tool.wasm', '--', 'cat']);
    child.stdin.write('here I am');
    child.stdout.once('data', () => child.kill('SIGINT'));
    const { status, stderr } = await ended(child);
    expect([status, stderr]).to.deep.equal([130, 'error: Interrupted.\n']);
  });

  for (const [what, args, message] of [
    ['an answer of a command', ['tool.wasm', '--json'], /^error: A command answers no request: leave out `--json`/],
    ['options of a command', ['tool.wasm', '--option', 'a=b'], /^error: A command answers no request/],
    [
      'arguments of a plugin',
      ['echo.wasm', '--input', 'a', '--quiet', '--', 'b'],
      /^error: Arguments .*are for commands/,
    ],
    [
      'variables of a plugin',
      ['echo.wasm', '--input', 'a', '--quiet', '--env', 'A=1'],
      /^error: Arguments and `--env`/,
    ],
    ['a server', ['proxy.wasm'], /^error: The plugin is not a command: it exports \S*incoming-handler/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const { status, stdout, stderr } = await workplace.run(['run', ...args]);
      expect(stdout).to.equal('');
      expect(stderr).to.match(message);
      expect(status).to.equal(2);
    });
  }
});
