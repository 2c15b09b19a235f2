import { expect } from 'chai';
import type { CallerLine } from '../../../../src/conversation/line.ts';
import { Caller } from '../../../../src/host/wasi/caller/caller.ts';

describe('Caller', () => {
  it('hears nothing any more when its call is over, on streams that are opened then as well', () => {
    let looks = 0;
    const line: CallerLine = {
      word: new Int32Array(new SharedArrayBuffer(4)),
      say() {},
      take() {
        looks++;
      },
    };
    const caller = new Caller(line);
    const before = caller.output('output');
    expect(before.room).to.be.greaterThan(0);
    expect(looks).to.equal(1);
    caller.end();
    for (const channel of [before, caller.output('errors'), caller.input]) {
      expect(channel.readable).to.equal(true);
      expect(channel.failure).to.deep.equal({ tag: 'connection-terminated' });
    }
    expect(looks).to.equal(1);
  });
});
