import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { echo, hostile, lifecycle } from '../fixtures/guests.ts';
import { until } from '../support/outcome.ts';
import { ended, jsonl, linesOf, Workplace } from './cli.ts';

const lines = (records: readonly unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** The last lines of stderr, from the one that counts the records. */
const summaryOf = (stderr: string): string => stderr.slice(stderr.search(/^(Interrupted: )?[\d,]+ records? in /m));

describe('wasm-plugin-pool batch', () => {
  const workplace = new Workplace();
  const read = (name: string): Promise<string> => readFile(workplace.path(name), 'utf8');

  before(async () => {
    await workplace.file('echo.wasm', echo);
    await workplace.file('hostile.wasm', hostile);
  });

  it('takes several inputs, before and behind the plugin, and says where a record stands that is none', async () => {
    await mkdir(workplace.path('logs'));
    await workplace.file('logs/b.jsonl', '{"input":"b"}\nno record\n');
    await workplace.file('logs/a.jsonl', '{"input":"a"}\n');
    await workplace.file('more.csv', 'input\nc\n');
    const args = ['batch', '--input', 'logs/*.jsonl', 'echo.wasm', 'more.csv', '--ordered'];
    const { status, stdout, stderr } = await workplace.run(args);
    expect(jsonl(stdout).map(({ output }) => output)).to.deep.equal(['a', 'b', undefined, 'c']);
    expect(stderr).to.include('logs/b.jsonl:2 is malformed: it is not JSON');
    expect(status).to.equal(1);
  });

  it('writes the result of every record, in order where asked to', async () => {
    const records = Array.from({ length: 1000 }, (_, index) => ({ id: `r${index}`, input: `text ${index}` }));
    await workplace.file('in.jsonl', lines(records));
    const args = ['batch', 'echo.wasm', '--input', 'in.jsonl', '--output', 'out.jsonl', '--ordered', '--threads', '2'];
    const { status, stdout, stderr } = await workplace.run([...args, '--config', 'prefix=> ']);
    expect(jsonl(await read('out.jsonl'))).to.deep.equal(
      records.map(({ id, input }, index) => ({ id, index, ok: true, output: `> ${input}`, success: true })),
    );
    expect(stdout).to.equal('');
    expect(summaryOf(stderr)).to.match(
      /^1,000 records in \d+\.\d\d s, [\d,]+ a second: 1,000 succeeded\n {2}echo +1,000 calls +mean \d+\.\d\d ms +p50 .* p99 .* max .*\n$/,
    );
    expect(status).to.equal(0);
  });

  it('serves its metrics while it runs, on the loopback address', async () => {
    const child = workplace.start(['batch', 'echo.wasm', '--output', 'metered.jsonl', '--metrics-port', '0']);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    child.stdin.write(lines([{ input: 'a' }, { input: 'fail' }]));
    await until(() => /^Metrics on /m.test(said));
    const url = /^Metrics on (http:\/\/127\.0\.0\.1:\d+\/metrics)$/m.exec(said)![1]!;
    const metrics = async (): Promise<string> => (await fetch(url)).text();
    let text = '';
    const counted = /^wasm_plugin_pool_batch_records_total\{outcome="success"\} 1\n.*outcome="unsuccessful"\} 1$/m;
    while (!counted.test(text)) text = await metrics();
    expect(text).to.match(/^# TYPE wasm_plugin_pool_\w+ histogram$/m);
    expect((await fetch(new URL('/', url))).status).to.equal(404);
    const over = ended(child);
    child.stdin.end();
    expect((await over).status).to.equal(1);
  });

  it('reads stdin and writes stdout', async () => {
    const { status, stdout } = await workplace.run(
      ['batch', 'echo.wasm'],
      lines([{ input: 'a' }, { id: 'b', input: 'b' }]),
    );
    expect(jsonl(stdout)).to.have.deep.members([
      { index: 0, ok: true, output: 'a', success: true },
      { id: 'b', index: 1, ok: true, output: 'b', success: true },
    ]);
    expect(status).to.equal(0);
  });

  it('takes options as pairs, as an object, and for records that bring none', async () => {
    const records = [
      {
        input: 'option',
        options: [
          ['k', 'pair'],
          ['k', 'other'],
        ],
      },
      { input: 'option', options: { k: 'object' } },
      { input: 'option' },
      { input: 'option', options: [] },
    ];
    const { stdout } = await workplace.run(['batch', 'echo.wasm', '--ordered', '--option', 'k=given'], lines(records));
    expect(jsonl(stdout).map(({ output, errorMessage }) => errorMessage ?? output)).to.deep.equal([
      'pair',
      'object',
      'given',
      'no options',
    ]);
  });

  it('goes on after a malformed line, and says which it was', async () => {
    const input = [
      '{"id":"a","input":"a"}',
      'nonsense',
      '',
      '{"id":"c"}',
      '{"id":"d","input":"d"}',
      '[1]',
      '{"id":[7],"input":""}',
    ];
    await workplace.file('some.jsonl', input.join('\r\n'));
    const args = [
      'batch',
      'echo.wasm',
      '--input',
      'some.jsonl',
      '--output',
      'out.jsonl',
      '--dead-letter',
      'dead.jsonl',
      '--ordered',
    ];
    const { status, stderr } = await workplace.run([...args, '--quiet']);
    expect(
      jsonl(await read('out.jsonl')).map(({ id, index, ok, error }) => [id, index, ok, error?.code]),
    ).to.deep.equal([
      ['a', 0, true, undefined],
      [undefined, 1, false, 'ERR_INVALID_ARGUMENT'],
      ['c', 2, false, 'ERR_INVALID_ARGUMENT'],
      ['d', 3, true, undefined],
      [undefined, 4, false, 'ERR_INVALID_ARGUMENT'],
      [undefined, 5, false, 'ERR_INVALID_ARGUMENT'],
    ]);
    expect(linesOf(stderr)).to.have.length(7);
    expect(stderr).to.match(
      /^Line 2 is malformed: it is not JSON: .*\nLine 4 is malformed: it has no `input`\nLine 6 .*object\nLine 7 .*`id` is no string, number, boolean or null\n/,
    );
    expect(summaryOf(stderr)).to.match(
      /: 2 succeeded, 4 failed\n {2}ERR_INVALID_ARGUMENT {2}4\n {2}echo +2 calls .*\n$/,
    );
    expect(jsonl(await read('dead.jsonl')).map(({ line, text }) => [line, text])).to.deep.equal([
      [2, 'nonsense'],
      [4, '{"id":"c"}'],
      [6, '[1]'],
      [7, '{"id":[7],"input":""}'],
    ]);
    expect(status).to.equal(1);
  });

  it('names a hundred malformed lines and counts the rest', async () => {
    const { stdout, stderr } = await workplace.run(['batch', 'echo.wasm', '--quiet'], 'nonsense\n'.repeat(250));
    expect(linesOf(stderr).filter((line) => line.startsWith('Line '))).to.have.length(100);
    expect(stderr).to.match(/250 failed\n {2}ERR_INVALID_ARGUMENT {2}250\n$/);
    expect(jsonl(stdout)).to.have.length(250);
  });

  it('counts errors by code, and keeps what failed so that it can be run again', async () => {
    const records = [
      { id: 'ok', input: 'a' },
      { id: 'no', input: 'fail' },
      { id: 'trap', input: 'unreachable', options: { k: 'v' } },
    ];
    await workplace.file('in.jsonl', lines(records));
    const args = ['batch', 'hostile.wasm', '--input', 'in.jsonl', '--output', 'out.jsonl', '--ordered', '--json'];
    const first = await workplace.run([...args, '--dead-letter', 'dead.jsonl']);
    expect(JSON.parse(first.stdout)).to.deep.include({
      records: 3,
      succeeded: 1,
      refused: 1,
      failed: 1,
      malformed: 0,
      poison: 0,
      unlucky: 0,
      errors: { ERR_TRAP: 1 },
      interrupted: false,
      resumable: false,
    });
    expect(first.status).to.equal(1);
    const dead = jsonl(await read('dead.jsonl'));
    expect(dead[0]).to.deep.equal({
      id: 'no',
      input: 'fail',
      options: [],
      index: 1,
      line: 2,
      attempts: 1,
      verdict: 'refused',
      errorMessage: 'asked to fail',
    });
    expect(dead[1]).to.deep.include({ id: 'trap', input: 'unreachable', options: [['k', 'v']], line: 3 });
    expect(dead[1].error.code).to.equal('ERR_TRAP');

    const again = await workplace.run(['batch', 'echo.wasm', '--input', 'dead.jsonl', '--ordered', '--quiet']);
    expect(jsonl(again.stdout).map(({ id, ok, success }) => [id, ok, success])).to.deep.equal([
      ['no', true, false],
      ['trap', true, true],
    ]);
  });

  it('ends a record that never returns, and no other', async () => {
    await workplace.file('fast.json', JSON.stringify({ cpuTimeLimitMs: 50 }));
    const records = Array.from({ length: 200 }, (_, index) => ({ input: index === 50 ? 'spin' : `${index}` }));
    const args = ['batch', 'hostile.wasm', '--sandbox', 'fast.json', '--ordered', '--threads', '1'];
    const { status, stdout } = await workplace.run(args, lines(records));
    const codes = jsonl(stdout).map(({ error }) => error?.code);
    expect(codes).to.deep.equal(records.map(({ input }) => (input === 'spin' ? 'ERR_CPU_TIME_LIMIT' : undefined)));
    expect(status).to.equal(1);
  });

  it('leaves the results of an earlier run alone when the plugin does not load', async () => {
    await workplace.file('refuses.wasm', lifecycle.initializeErrs);
    await workplace.file('in.jsonl', lines([{ input: 'a' }]));
    await workplace.file('out.jsonl', 'precious\n');
    const args = ['batch', 'refuses.wasm', '--input', 'in.jsonl', '--output', 'out.jsonl'];
    expect((await workplace.run(args)).status).to.equal(2);
    expect(await read('out.jsonl')).to.equal('precious\n');
  });

  it('streams an input that is larger than its heap', async () => {
    const record = JSON.stringify({ input: 'x'.repeat(16 * 1024) });
    await workplace.file('large.jsonl', `${record}\n`.repeat(6_000));
    const args = ['batch', 'echo.wasm', '--input', 'large.jsonl', '--output', 'out.jsonl', '--ordered', '--quiet'];
    const { status, stderr } = await workplace.run(args, '', ['--max-old-space-size=80']);
    expect(stderr).to.match(/^6,000 records in .*: 6,000 succeeded\n {2}echo .*\n$/m);
    expect(status).to.equal(0);
  });

  it('goes on where it was killed, and refuses a second run meanwhile', async () => {
    const all = lines(Array.from({ length: 1000 }, (_, index) => ({ input: `${index}` })));
    const args = ['batch', 'echo.wasm', '--output', 'killed.jsonl', '--quiet'];
    const child = workplace.start(args);
    const killed = once(child, 'close');
    // Its standard input stays open: it cannot be done.
    child.stdin.write(all.slice(0, all.length >> 1));
    while (!(await read('killed.jsonl').catch(() => ''))) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await workplace.run([...args, '--resume'], all);
    expect([second.status, second.stderr]).to.deep.equal([
      2,
      `error: The lock \`killed.jsonl.lock\` is held by process ${child.pid}. Wait for the other run, or give this one another output. (ERR_BATCH_JOURNAL)\n`,
    ]);
    child.kill('SIGKILL');
    await killed;
    const refused = await workplace.run(args, all);
    expect([refused.status, refused.stderr.includes('`resume`')]).to.deep.equal([2, true]);
    const { status, stderr } = await workplace.run([...args, '--resume'], all);
    expect(stderr).to.match(/^1,000 records in .*: 1,000 succeeded/);
    expect(status).to.equal(0);
    expect(jsonl(await read('killed.jsonl')).length).to.equal(1000);
  });

  it('pipes the output of one plugin into the next, and lets a record name its own', async () => {
    const records = [{ input: 'a' }, { plugin: 'other', input: 'unreachable' }];
    const args = ['batch', 'echo.wasm', '--ordered', '--quiet', '--plugin', 'other=hostile.wasm'];
    const { stdout, stderr } = await workplace.run(
      [...args, '--then', 'echo.wasm', '--config', 'prefix=<'],
      lines(records),
    );
    expect(jsonl(stdout).map(({ ok, output, error }) => (ok ? output : error.code))).to.deep.equal(['<<a', 'ERR_TRAP']);
    expect(
      linesOf(stderr)
        .filter((line) => line.includes(' call'))
        .map((line) => line.trim().split(/ {2,}/).slice(0, 2)),
    ).to.have.deep.members([
      ['echo', '1 call'],
      ['other', '1 call'],
      ['echo', '1 call'],
    ]);
  });

  it('runs both of two plugins whose files are called alike', async () => {
    await mkdir(workplace.path('a'));
    await mkdir(workplace.path('b'));
    await workplace.file('a/plugin.wasm', echo);
    await workplace.file('b/plugin.wasm', hostile);
    const args = ['batch', 'a/plugin.wasm', '--then', 'b/plugin.wasm', '--config', 'prefix=> ', '--json', '--quiet'];
    const { stdout, stderr } = await workplace.run(args, lines([{ input: 'x' }]));
    expect(jsonl(stdout)[0].output).to.equal('> x');
    expect(JSON.parse(stderr).plugins.map(({ plugin }: { plugin: string }) => plugin)).to.deep.equal([
      'plugin',
      'plugin-2',
    ]);
    const refused = await workplace.run([...args, '--plugin', 'plugin=b/plugin.wasm']);
    expect([refused.status, refused.stderr.includes('is to be the name of')]).to.deep.equal([2, true]);
  });

  it('runs dead letters again', async () => {
    await workplace.file(
      'in.jsonl',
      lines([
        { id: 'a', input: 'a' },
        { id: 'b', input: 'unreachable' },
      ]),
    );
    const files = ['--input', 'in.jsonl', '--output', 'again.jsonl', '--dead-letter', 'letters.jsonl', '--quiet'];
    expect((await workplace.run(['batch', 'hostile.wasm', ...files])).status).to.equal(1);
    const { status } = await workplace.run(['batch', 'echo.wasm', ...files, '--retry-dead-letters']);
    expect(status).to.equal(0);
    expect(jsonl(await read('again.jsonl')).map(({ id, ok }) => [id, ok])).to.have.deep.members([
      ['a', true],
      ['b', true],
    ]);
    expect(await read('letters.jsonl')).to.equal('');
  });

  it('reads what its name says, and finds its own concurrency', async () => {
    await workplace.file('in.csv', 'id,input\na,b\n');
    const args = ['batch', 'echo.wasm', '--input', 'in.csv', '--output', 'out.txt', '--concurrency', 'adaptive'];
    const { status } = await workplace.run([...args, '--deadline', '60000', '--retries', '2', '--idempotent']);
    expect([status, await read('out.txt')]).to.deep.equal([0, 'b\n']);
  });

  it('ends in order when the reader of stdout goes away', async () => {
    const child = workplace.start(['batch', 'echo.wasm', '--quiet']);
    child.stdin.on('error', () => {});
    const said = text(child.stderr);
    const closed = once(child, 'close');
    const feed = (): void => {
      while (child.stdin.writable && child.stdin.write(`${JSON.stringify({ input: 'x'.repeat(1000) })}\n`));
      if (child.stdin.writable) child.stdin.once('drain', feed);
    };
    feed();
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [status] = await closed;
    expect(await said).to.equal('The reader of standard output went away.\n');
    expect(status).to.equal(0);
  });

  it('does not wait inside of the system for a named pipe, and writes no file behind a link', async () => {
    execFileSync('mkfifo', [
      workplace.path('a.fifo'),
      workplace.path('b.jsonl.journal'),
      workplace.path('c.jsonl.lock'),
    ]);
    await workplace.file('few.jsonl', lines([{ input: 'a' }]));
    await workplace.file('victim', 'precious');
    await symlink('victim', workplace.path('d.jsonl.journal.new'));
    for (const name of ['b', 'c', 'd']) {
      const args = ['batch', 'echo.wasm', '--input', 'few.jsonl', '--output', `${name}.jsonl`, '--quiet'];
      const { status, stderr } = await workplace.run(args);
      expect([status, stderr.includes('(ERR_BATCH_JOURNAL)')], stderr).to.deep.equal([2, true]);
    }
    expect(await read('victim')).to.equal('precious');
    for (const args of [
      ['--input', 'a.fifo', '--output', 'e.jsonl'],
      ['--input', 'few.jsonl', '--output', 'a.fifo'],
    ]) {
      const child = workplace.start(['batch', 'echo.wasm', ...args, '--dead-letter', 'dead.jsonl', '--quiet']);
      const closed = ended(child);
      // Locks are taken before anything is opened.
      await until(() => existsSync(workplace.path('dead.jsonl.lock')));
      child.kill('SIGTERM');
      expect((await closed).status).to.equal(143);
    }
  });

  it('refuses other standard input to the run that it continues', async () => {
    const input = (id: string): string =>
      lines(Array.from({ length: 500 }, (_, at) => ({ id: `${id}${at}`, input: 'a' })));
    const args = ['batch', 'echo.wasm', '--output', 'stdin.jsonl', '--quiet'];
    const child = workplace.start(args);
    const killed = once(child, 'close');
    child.stdin.write(input('a'));
    while (!(await read('stdin.jsonl').catch(() => ''))) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await killed;
    const before = await read('stdin.jsonl');
    const { status, stderr } = await workplace.run([...args, '--resume'], input('b'));
    expect([status, stderr.includes('begins with other bytes')], stderr).to.deep.equal([2, true]);
    expect(await read('stdin.jsonl')).to.equal(before);
    expect((await workplace.run([...args, '--resume'], input('a'))).status).to.equal(0);
  });

  it('stops reading when it is interrupted, and finishes what is in flight', async () => {
    const child = workplace.start(['batch', 'echo.wasm', '--quiet']);
    const result = ended(child);
    child.stdin.write(lines([{ input: 'a' }]));
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { status, stdout, stderr } = await result;
    expect(stdout).to.equal('{"index":0,"ok":true,"output":"a","success":true}\n');
    expect(stderr).to.match(/^Interrupted: 1 record in .*: 1 succeeded\n {2}echo +1 call .*\n$/);
    expect(status).to.equal(130);
  });

  it('gives up what runs when it takes longer than its grace, and goes on from there', async () => {
    // Longer than the test may take, and shorter than its CPU time would end it.
    await workplace.file('slow.jsonl', lines([{ input: 'log begun' }, { input: 'burn 25000' }]));
    const args = ['batch', 'echo.wasm', '--input', 'slow.jsonl', '--output', 'slow-out.jsonl', '--concurrency', '1'];
    const child = workplace.start([...args, '--grace', '0']);
    const result = ended(child);
    while (!/begun/.test(String(await once(child.stderr, 'data'))));
    child.kill('SIGTERM');
    const { status, stderr } = await result;
    expect([status, stderr.includes('was given up after 0 seconds')], stderr).to.deep.equal([143, true]);
    expect(linesOf(await read('slow-out.jsonl.journal')).length).to.be.above(0);
  });

  it('exits at once when it is interrupted again', async () => {
    const child = workplace.start(['batch', 'hostile.wasm', '--quiet']);
    const result = ended(child);
    child.stdin.write(lines([{ input: 'a' }, { input: 'spin' }]));
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    const { status, stderr } = await result;
    expect(stderr).to.equal('Finishing 1 record; interrupt again to stop at once.\n');
    expect(status).to.equal(130);
  });
});
