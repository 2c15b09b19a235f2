import { expect } from 'chai';
import { closeAll, sandbox, tree } from './sandbox.ts';

interface Clock {
  now(): bigint;
}

interface Insecure {
  getInsecureRandomU64(): bigint;
}

interface Random {
  getRandomU64(): bigint;
}

interface Output {
  write(bytes: Uint8Array): void;
  [Symbol.dispose](): void;
}

describe('the WASI of an instance that is brought back', () => {
  afterEach(closeAll);

  const rewindOf = (kept: (() => void) | string): (() => void) => {
    if (typeof kept === 'string') throw new Error(kept);
    return kept;
  };

  it('has its clocks go on from where they were', () => {
    const virtual = sandbox({ allowClocks: false });
    const clock = virtual.interface<Clock>('wasi:clocks/monotonic-clock');
    clock.now();
    const rewind = rewindOf(virtual.wasi.keep([]));
    const next = clock.now();
    clock.now();
    rewind();
    expect(clock.now()).to.equal(next);

    const real = sandbox();
    const { now } = real.interface<Clock>('wasi:clocks/monotonic-clock');
    const before = now();
    const rewindReal = rewindOf(real.wasi.keep([]));
    const later = now();
    rewindReal();
    real.wasi.begin();
    expect(now() >= before).to.equal(true);
    expect(later >= before).to.equal(true);
  });

  it('does not learn how long ago the request before was', () => {
    const { wasi, interface: get } = sandbox();
    const { now } = get<Clock>('wasi:clocks/monotonic-clock');
    const rewind = rewindOf(wasi.keep([]));
    const before = process.hrtime.bigint();
    const kept = now();
    while (process.hrtime.bigint() - before < 20_000_000n);
    rewind();
    while (process.hrtime.bigint() - before < 40_000_000n);
    const began = process.hrtime.bigint();
    wasi.begin();
    const age = now() - kept;
    // Of what has passed it sees what has since the call began.
    expect(age <= process.hrtime.bigint() - began).to.equal(true);
  });

  it('is not where it has asked for the time of day, which it may hold on to', () => {
    for (const { expected, ...policy } of [
      { expected: 'string' },
      { snapshots: 'with-random' as const, expected: 'function' },
      { allowClocks: false, expected: 'function' },
    ]) {
      const { wasi, interface: get } = sandbox(policy);
      get<{ now(): object }>('wasi:clocks/wall-clock').now();
      const kept = wasi.keep([]);
      expect(kept).to.be.a(expected);
      if (expected === 'string') expect(kept).to.match(/time of day/);
    }
  });

  it('has a sequence that stands in for random numbers go on from where it was', () => {
    const { wasi, interface: get } = sandbox({ allowRandom: false });
    const { getInsecureRandomU64: draw } = get<Insecure>('wasi:random/insecure');
    draw();
    const rewind = rewindOf(wasi.keep([]));
    const next = [draw(), draw()];
    rewind();
    expect([draw(), draw()]).to.deep.equal(next);
  });

  it('is not where random numbers have been drawn, unless the policy says so', () => {
    const { wasi, interface: get } = sandbox();
    get<Random>('wasi:random/random').getRandomU64();
    expect(wasi.keep([])).to.match(/random/);
    const insecure = sandbox();
    insecure.interface<Insecure>('wasi:random/insecure').getInsecureRandomU64();
    expect(insecure.wasi.keep([])).to.match(/random/);
    const shared = sandbox({ snapshots: 'with-random' });
    shared.interface<Random>('wasi:random/random').getRandomU64();
    expect(shared.wasi.keep([])).to.be.a('function');
  });

  it('is not where files or the network have been granted', () => {
    const { granted, remove } = tree();
    try {
      expect(sandbox({ allowFsRead: [granted] }).wasi.keep([])).to.match(/directories/);
      expect(sandbox({ allowNetwork: ['localhost:80'] }).wasi.keep([])).to.match(/network/);
    } finally {
      remove();
    }
  });

  it('has the streams again that the guest had, and no object whose state is its own', () => {
    const { wasi, said, interface: get } = sandbox();
    const stdout = get<{ getStdout(): Output }>('wasi:cli/stdout').getStdout();
    const stdin = get<{ getStdin(): object }>('wasi:cli/stdin').getStdin();
    const rewind = rewindOf(wasi.keep([stdout, stdin]));
    stdout[Symbol.dispose]();
    rewind();
    stdout.write(new TextEncoder().encode('again\n'));
    expect(said.map((utterance) => utterance.kind === 'log' && utterance.message)).to.deep.equal(['again']);
    const Fields = get<{ Fields: new () => object }>('wasi:http/types').Fields;
    expect(wasi.keep([new Fields()])).to.match(/object of the host/);
    expect(wasi.keep([{}])).to.match(/object of the host/);
  });

  it('gives back what the guest held at the end of a request', () => {
    const { wasi, interface: get } = sandbox();
    const { getStdout } = get<{ getStdout(): Output }>('wasi:cli/stdout');
    const rewind = rewindOf(wasi.keep([]));
    for (let round = 0; round < 3; round++) {
      for (let stream = 0; stream < 4096; stream++) getStdout();
      expect(getStdout).to.throw(/more than 4096 WASI resources/);
      rewind();
      wasi.flush();
      wasi.begin();
    }
  });
});
