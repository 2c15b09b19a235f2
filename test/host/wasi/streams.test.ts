import { expect } from 'chai';
import type { PluginError } from '../../../src/errors.ts';
import { resolvePolicy } from '../../../src/host/policy/policy.ts';
import { WasiHost } from '../../../src/host/wasi/host.ts';
import { closed, InputStream, OutputStream, type Sink, type Source } from '../../../src/host/wasi/streams.ts';
import { bytes, closeAll, err, sandbox, thrown } from './sandbox.ts';

const host = (): WasiHost => new WasiHost(resolvePolicy(), sandbox().context);

/** A source that notes what it is asked for. */
function source(content: string): Source & { readonly asked: number[] } {
  let rest = bytes(content);
  const asked: number[] = [];
  return {
    asked,
    read(length) {
      asked.push(length);
      if (rest.length === 0) throw closed();
      const taken = rest.subarray(0, length);
      rest = rest.subarray(length);
      return taken;
    },
  };
}

function sink(): Sink & { readonly lengths: number[] } {
  const lengths: number[] = [];
  return { lengths, write: (chunk) => void lengths.push(chunk.length) };
}

describe('wasi:io/streams', () => {
  afterEach(closeAll);

  it('asks a source for at most 1 MiB, whatever the guest asks for', () => {
    const from = source('abc');
    const stream = new InputStream(host(), from);
    expect(stream.read(2n ** 64n - 1n)).to.deep.equal(bytes('abc'));
    expect(err(() => stream.blockingRead(1n))).to.deep.equal({ tag: 'closed' });
    expect(from.asked).to.deep.equal([1024 * 1024, 1]);
  });

  it('skips', () => {
    const stream = new InputStream(host(), source('abcdef'));
    expect([stream.skip(2n), stream.blockingSkip(1n), stream.read(9n)]).to.deep.equal([2n, 1n, bytes('def')]);
  });

  it('splices no more than there is', () => {
    const [from, to] = [source('abcdef'), sink()];
    const output = new OutputStream(host(), to);
    const input = new InputStream(host(), from);
    expect(output.splice(input, 4n)).to.equal(4n);
    expect(output.blockingSplice(input, 2n ** 40n)).to.equal(2n);
    expect(err(() => output.splice(input, 1n))).to.deep.equal({ tag: 'closed' });
    expect(to.lengths).to.deep.equal([4, 2]);
  });

  it('traps when more is written than it permits', () => {
    const to = sink();
    const stream = new OutputStream(host(), to);
    const permit = stream.checkWrite();
    stream.write(new Uint8Array(Number(permit)));
    for (const write of [
      () => stream.write(new Uint8Array(Number(permit) + 1)),
      () => stream.blockingWriteAndFlush(new Uint8Array(Number(permit) + 1)),
      () => stream.writeZeroes(2n ** 64n - 1n),
      () => stream.blockingWriteZeroesAndFlush(permit + 1n),
    ]) {
      expect((thrown(write) as PluginError).code).to.equal('ERR_TRAP');
    }
    expect(to.lengths).to.deep.equal([Number(permit)]);
  });

  it('writes zeroes in pieces', () => {
    const to = sink();
    new OutputStream(host(), to).writeZeroes(150_000n);
    expect(to.lengths).to.deep.equal([65_536, 65_536, 18_928]);
  });
});
