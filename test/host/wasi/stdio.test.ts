import { expect } from 'chai';
import type { IoError } from '../../../src/host/wasi/io-error.ts';
import type { OutputStream } from '../../../src/host/wasi/streams.ts';
import { bytes, closeAll, err, type Sandbox, sandbox } from './sandbox.ts';

const stdout = ({ interface: get }: Sandbox): OutputStream =>
  get<{ getStdout(): OutputStream }>('wasi:cli/stdout').getStdout();

const messages = ({ said }: Sandbox): string[] => said.map((one) => (one.kind === 'log' ? one.message : ''));

describe('captured output', () => {
  afterEach(closeAll);

  it('becomes one message a line, however it is cut into writes', () => {
    const box = sandbox();
    for (const piece of ['a', 'b\nc', '', '\n', '\nd\ne']) stdout(box).write(bytes(piece));
    expect(messages(box)).to.deep.equal(['ab', 'c', '', 'd']);
    box.wasi.flush();
    expect(messages(box)).to.deep.equal(['ab', 'c', '', 'd', 'e']);
    box.wasi.flush();
    expect(messages(box)).to.have.length(5);
  });

  it('keeps a character that two writes share', () => {
    const box = sandbox();
    const [first, ...rest] = bytes('é\n');
    stdout(box).write(Uint8Array.of(first!));
    stdout(box).write(Uint8Array.from(rest));
    expect(messages(box)).to.deep.equal(['é']);
  });

  it('cannot forge a line or move the cursor, and takes any bytes', () => {
    const box = sandbox();
    stdout(box).write(Uint8Array.of(0x1b, 0x5b, 0x32, 0x4a, 0x0d, 0xff, 0x0a));
    expect(messages(box)).to.deep.equal(['\\u{1b}[2J\\u{d}\ufffd']);
  });

  it('breaks a line that does not end', () => {
    const box = sandbox({ maxLogBytes: 1024 * 1024 });
    stdout(box).write(bytes('x'.repeat(20_000)));
    box.wasi.flush();
    expect(messages(box).map((message) => message.length)).to.deep.equal([8192, 8192, 3616]);
  });

  it('fails when the log budget of the call is spent, and works again in the next call', () => {
    const box = sandbox({ maxLogBytes: 1000 });
    const stream = stdout(box);
    const error = err(() => stream.write(bytes('line\n'.repeat(100)))) as { tag: string; val: IoError };
    expect(error.tag).to.equal('last-operation-failed');
    expect(error.val.toDebugString()).to.equal('the log budget of this call is spent');
    // 4 bytes and 32 of overhead for each line.
    expect(messages(box)).to.have.length(27);
    box.wasi.flush();
    box.context.begin();
    stream.write(bytes('next\n'));
    expect(messages(box)).to.have.length(28);
  });
});
