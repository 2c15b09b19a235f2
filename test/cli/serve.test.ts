import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { echo } from '../fixtures/guests.ts';
import { Workplace } from './cli.ts';

const TOKEN = 'admin-token-0123456789';

/** The address of a server that is starting, when it is ready. */
function ready(child: ChildProcessWithoutNullStreams): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [, url] = /Listening on (\S+)/.exec(said) ?? [];
      if (url !== undefined && said.includes('Ready: ')) resolve(url);
    });
    child.once('close', () => reject(new Error(`It ended: ${said}`)));
  });
}

describe('serve', () => {
  const workplace = new Workplace();
  const running = new Set<ChildProcessWithoutNullStreams>();
  const start = (...args: string[]): ChildProcessWithoutNullStreams => {
    const child = workplace.start(['serve', '.', '--port', '0', '--threads', '1', ...args]);
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  };
  before(() => workplace.file('echo.wasm', echo));
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
  });

  it('answers with the plugins of a directory, and ends in order', async () => {
    await workplace.file('admins.txt', `# who may\nada ${TOKEN}\n`);
    const child = start('--admin-tokens', 'admins.txt', '--audit-log', 'audit.jsonl');
    const url = await ready(child);
    const answer = await fetch(`${url}/plugins/echo`, { method: 'POST', body: 'hello' });
    expect(await answer.text()).to.equal('hello');
    expect((await fetch(`${url}/readyz`)).status).to.equal(200);
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await fetch(`${url}/plugins/echo/reload`, { method: 'POST', headers })).status).to.equal(200);
    const ended = once(child, 'close');
    const rest = text(child.stderr);
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
    expect(await rest).to.include('Finishing what is under way.');
    const [entry, ...more] = (await readFile(workplace.path('audit.jsonl'), 'utf8')).trim().split('\n');
    expect(more).to.deep.equal([]);
    expect(JSON.parse(entry!)).to.include({ who: 'ada', action: 'reload', plugin: 'echo', status: 200 });
  });

  it('refuses what it cannot do, with what to do instead', async () => {
    await workplace.file('odd.txt', 'one two three\n');
    await workplace.file('empty.txt', '# nobody\n');
    for (const [args, message] of [
      [['--host', '0.0.0.0'], /need no token/],
      [['--tokens', 'nowhere.txt'], /Cannot read `nowhere.txt`/],
      [['--tokens', 'odd.txt'], /Line 1 of `odd.txt`/],
      [['--tokens', 'empty.txt'], /no tokens/],
      [['--cert', 'admins.txt'], /`--key` is missing/],
      [['--audit-log', 'nowhere/audit'], /Cannot write/],
      [['--sandbox', 'nowhere.json'], /nowhere.json/],
    ] as const) {
      const { status, stderr } = await workplace.run(['serve', '.', '--port', '0', ...args]);
      expect(stderr).to.match(message);
      expect(status).to.equal(2);
    }
    const { status, stderr } = await workplace.run(['serve', 'nowhere', '--port', '0']);
    expect(stderr).to.match(/nowhere/);
    expect(status).to.equal(2);
  });
});
