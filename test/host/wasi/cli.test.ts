import { expect } from 'chai';
import { Exit } from '../../../src/host/wasi/exit.ts';
import type { InputStream, OutputStream } from '../../../src/host/wasi/streams.ts';
import { bytes, closeAll, err, sandbox, thrown, tree } from './sandbox.ts';

interface Environment {
  getEnvironment(): [string, string][];
  getArguments(): string[];
  initialCwd(): string | undefined;
}

describe('wasi:cli', () => {
  afterEach(closeAll);

  it('shows the environment that it is given, no arguments and no directory', () => {
    const environment = sandbox({}, { environment: [['MODE', 'a=b']] }).interface<Environment>('wasi:cli/environment');
    expect(environment.getEnvironment()).to.deep.equal([['MODE', 'a=b']]);
    expect(environment.getArguments()).to.deep.equal([]);
    expect(environment.initialCwd()).to.equal(undefined);
  });

  it("shows nothing of the process's environment unless it is given", () => {
    expect(sandbox().interface<Environment>('wasi:cli/environment').getEnvironment()).to.deep.equal([]);
  });

  it('starts in the first granted directory', () => {
    const { granted, remove } = tree();
    const policy = { allowFsWrite: [{ directory: granted, mount: '/out' }] };
    expect(sandbox(policy).interface<Environment>('wasi:cli/environment').initialCwd()).to.equal('/out');
    remove();
  });

  it('ends the call, not the worker, when the guest exits', () => {
    const { exit, exitWithCode } = sandbox().interface<{
      exit(status: { tag: 'ok' | 'err' }): never;
      exitWithCode(status: number): never;
    }>('wasi:cli/exit');
    expect(thrown(() => exit({ tag: 'ok' })))
      .to.be.instanceOf(Exit)
      .with.property('status', 0);
    expect(thrown(() => exit({ tag: 'err' })))
      .to.be.instanceOf(Exit)
      .with.property('status', 1);
    expect(thrown(() => exitWithCode(7)))
      .to.be.instanceOf(Exit)
      .with.property('status', 7);
  });

  it('has an empty stdin, which never reads from the process', () => {
    const stdin = sandbox().interface<{ getStdin(): InputStream }>('wasi:cli/stdin').getStdin();
    expect(err(() => stdin.read(10n))).to.deep.equal({ tag: 'closed' });
    expect(err(() => stdin.blockingRead(10n))).to.deep.equal({ tag: 'closed' });
    expect(err(() => stdin.blockingSkip(10n))).to.deep.equal({ tag: 'closed' });
    expect(stdin.subscribe().ready()).to.equal(true);
  });

  it('writes stdout and stderr to the log, under different levels', () => {
    const { wasi, said, interface: get } = sandbox();
    get<{ getStdout(): OutputStream }>('wasi:cli/stdout').getStdout().write(bytes('out\n'));
    get<{ getStderr(): OutputStream }>('wasi:cli/stderr').getStderr().blockingWriteAndFlush(bytes('err\n'));
    wasi.flush();
    expect(said).to.deep.equal([
      { kind: 'log', level: 'info', message: 'out' },
      { kind: 'log', level: 'warn', message: 'err' },
    ]);
  });

  it('has no terminal', () => {
    const { interface: get } = sandbox();
    expect(get<{ getTerminalStdin(): unknown }>('wasi:cli/terminal-stdin').getTerminalStdin()).to.equal(undefined);
    expect(get<{ getTerminalStdout(): unknown }>('wasi:cli/terminal-stdout').getTerminalStdout()).to.equal(undefined);
    expect(get<{ getTerminalStderr(): unknown }>('wasi:cli/terminal-stderr').getTerminalStderr()).to.equal(undefined);
  });
});
