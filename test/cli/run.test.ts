import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { corePlugin, guest } from '../fixtures/core-plugin.ts';
import { echo, hostile, lifecycle, worlds } from '../fixtures/guests.ts';
import { twofold } from '../fixtures/suppliers.ts';
import { plugin } from '../support/wat.ts';
import { ended, linesOf, Workplace } from './cli.ts';

const initializeTalksAndSpins = guest(() =>
  plugin(
    corePlugin((text) => ({
      initialize: `(drop (call $log ${text.at('info')} ${text.at('here I stay')})) (loop $ever (br $ever)) unreachable`,
    })),
  ),
);

describe('wasm-plugin-pool run', () => {
  const workplace = new Workplace();

  before(async () => {
    await workplace.file('echo.wasm', echo);
    await workplace.file('hostile.wasm', hostile);
    await workplace.file('fast.json', JSON.stringify({ cpuTimeLimitMs: 50 }));
  });

  it('prints the output on stdout and what the plugin logs on stderr', async () => {
    const { status, stdout, stderr } = await workplace.run(['run', 'echo.wasm', '--input', 'hello']);
    expect(stdout).to.equal('hello\n');
    expect(linesOf(stderr)).to.deep.equal(['[info] echo: initialized', '[event] echo: shutdown bye']);
    expect(status).to.equal(0);
  });

  it('keeps what the plugin says to itself with --quiet', async () => {
    const { stdout, stderr } = await workplace.run(['run', 'echo.wasm', '--input', 'hello', '--quiet']);
    expect(stdout).to.equal('hello\n');
    expect(stderr).to.equal('');
  });

  it('has --import supply what the plugin imports, by modules named as seen from the working directory', async () => {
    await workplace.file('twofold.wasm', twofold);
    await workplace.file('shop.mjs', 'export const twice = (x) => 2 * x;');
    const args = ['run', 'twofold.wasm', '--input', 'four'];
    const supplied = await workplace.run([...args, '--import', 'acme:shop/api=shop.mjs']);
    expect([supplied.stdout, supplied.status]).to.deep.equal(['8\n', 0]);
    const refused = await workplace.run(args);
    expect(refused.status).to.equal(2);
    expect(refused.stderr).to.match(/--import.*ERR_UNKNOWN_IMPORT/);
    const wrong = await workplace.run([...args, '--import', 'shop.mjs']);
    expect([wrong.status, wrong.stderr]).to.deep.equal([
      2,
      'error: Expected `--import` to be key=value, got `shop.mjs`.\n',
    ]);
  });

  it('passes the configuration and the options on', async () => {
    const config = await workplace.run(['run', 'echo.wasm', '--input', 'hello', '--config', 'prefix=a=b ']);
    expect(config.stdout).to.equal('a=b hello\n');
    const args = ['--option', 'first=1=one', '--option', 'second=2'];
    const option = await workplace.run(['run', 'echo.wasm', '--input', 'option', ...args]);
    expect(option.stdout).to.equal('1=one\n');
  });

  it('reads the input from stdin', async () => {
    const { stdout } = await workplace.run(['run', 'echo.wasm', '--input', '-'], 'line one\nline two\n');
    expect(stdout).to.equal('line one\nline two\n');
  });

  it('prints the whole answer as JSON', async () => {
    const { stdout } = await workplace.run(['run', 'echo.wasm', '--input', 'hello', '--json']);
    expect(JSON.parse(stdout)).to.deep.equal({ ok: true, output: 'hello', success: true });
  });

  it('fails with the message of the plugin when that refuses the request', async () => {
    const { status, stdout, stderr } = await workplace.run(['run', 'echo.wasm', '--input', 'fail', '--quiet']);
    expect(stdout).to.equal('');
    expect(stderr).to.equal('error: The plugin refused the request: asked to fail\n');
    expect(status).to.equal(1);
  });

  it('fails with the code when the plugin traps', async () => {
    const { status, stdout, stderr } = await workplace.run(['run', 'hostile.wasm', '--input', 'unreachable', '--json']);
    const { ok, error } = JSON.parse(stdout);
    expect([ok, error.code, error.trap]).to.deep.equal([false, 'ERR_TRAP', 'unreachable']);
    const [line, ...frames] = linesOf(stderr);
    expect(line).to.match(/^error: .* \(ERR_TRAP\)$/);
    // Where it trapped, the innermost function first.
    expect(frames[0]).to.match(/^ {4}at \S+ \(wasm-function\[\d+\]:0x[0-9a-f]+\)$/);
    expect(frames).to.have.length(error.backtrace.length);
    expect(status).to.equal(1);
  });

  it('ends a request that never returns after the CPU time that the policy gives it', async () => {
    const args = ['run', 'hostile.wasm', '--input', 'spin', '--sandbox', 'fast.json'];
    const { status, stderr } = await workplace.run(args);
    expect(stderr).to.match(/^error: .*more than 50 ms of CPU time.*`cpuTimeLimitMs`.* \(ERR_CPU_TIME_LIMIT\)\n$/);
    expect(status).to.equal(1);
  });

  it('says in JSON too why a plugin is unusable', async () => {
    await workplace.file('refuses.wasm', lifecycle.initializeErrs);
    const { status, stdout, stderr } = await workplace.run(['run', 'refuses.wasm', '--input', 'a', '--json']);
    expect(JSON.parse(stdout))
      .to.deep.include({ ok: false })
      .and.to.have.nested.property('error.code', 'ERR_INITIALIZE_FAILED');
    expect(stderr).to.match(/^error: .*no licence key.* \(ERR_INITIALIZE_FAILED\)\n$/);
    expect(status).to.equal(2);
  });

  it('lets no plugin forge a line of the log', async () => {
    const { stderr } = await workplace.run(['run', 'hostile.wasm', '--input', 'forge']);
    expect(linesOf(stderr)).to.have.length(1);
    expect(stderr).to.match(/^\[info\] hostile: one\\u\{a\}2026-01-01 \[info\] forged/);
    expect(stderr).to.not.match(/[^\P{C}\n]/u);
  });

  it('runs plugins of the small worlds', async () => {
    await workplace.file('v1.wasm', worlds.pluginV1);
    await workplace.file('v2.wasm', worlds.pluginV2);
    expect((await workplace.run(['run', 'v1.wasm', '--input', 'one'])).stdout).to.equal('one\n');
    const refused = await workplace.run(['run', 'v2.wasm', '--input', 'two', '--json']);
    expect(JSON.parse(refused.stdout)).to.deep.equal({
      ok: true,
      output: '',
      success: false,
      errorMessage: 'no options',
    });
    expect(refused.status).to.equal(1);
  });

  it('aborts the request when it is interrupted', async () => {
    const child = workplace.start(['run', 'echo.wasm', '--input', 'burn 1000000']);
    child.stderr.once('data', () => child.kill('SIGINT'));
    const { status, stdout, stderr } = await ended(child);
    expect(stderr).to.match(/^\[info\] echo: initialized\n(\[event\] .*\n)*error: Interrupted\.\n$/);
    expect(stdout).to.equal('');
    expect(status).to.equal(130);
  });

  it('stops waiting for its input when it is interrupted', async () => {
    const child = workplace.start(['run', 'echo.wasm', '--input', '-']);
    child.stderr.once('data', () => child.kill('SIGINT'));
    const { status, stderr } = await ended(child);
    expect(stderr).to.match(/^\[info\] echo: initialized\n(\[event\] .*\n)*error: Interrupted\.\n$/);
    expect(status).to.equal(130);
  });

  it('stops waiting for the start of the plugin when it is interrupted', async () => {
    // It logs, and then its `initialize` never returns.
    await workplace.file('stuck.wasm', initializeTalksAndSpins);
    const child = workplace.start(['run', 'stuck.wasm', '--input', 'a', '--json']);
    child.stderr.once('data', () => child.kill('SIGTERM'));
    const { status, stdout, stderr } = await ended(child);
    expect(stderr).to.equal('[info] stuck: here I stay\nerror: Interrupted.\n');
    expect(stdout).to.equal('');
    expect(status).to.equal(143);
  });

  it('refuses an input that is no text rather than change it', async () => {
    const { status, stdout, stderr } = await workplace.run(
      ['run', 'echo.wasm', '--input', '-', '--quiet'],
      Buffer.of(0x61, 0xff),
    );
    expect(stderr).to.equal('error: Standard input is not UTF-8. An input is a text.\n');
    expect(stdout).to.equal('');
    expect(status).to.equal(2);
  });
});
