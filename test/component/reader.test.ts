import { expect } from 'chai';
import { Reader } from '../../src/component/reader.ts';
import { refusal } from './from-wat.ts';

const reader = (...bytes: number[]) => new Reader(Uint8Array.from(bytes));

describe('Reader', () => {
  it('reads unsigned LEB128 up to 32 bits, padded forms included', () => {
    expect(reader(0x00).u32()).to.equal(0);
    expect(reader(0xe5, 0x8e, 0x26).u32()).to.equal(624_485);
    expect(reader(0x83, 0x80, 0x80, 0x80, 0x00).u32()).to.equal(3);
    expect(reader(0xff, 0xff, 0xff, 0xff, 0x0f).u32()).to.equal(4_294_967_295);
  });

  it('refuses integers that are too large or too long, and says where', () => {
    const tooLarge = refusal('ERR_INVALID_COMPONENT', () => reader(0xff, 0xff, 0xff, 0xff, 0x10).u32());
    expect(tooLarge.message).to.equal('The component is malformed at byte 0: integer too large');
    refusal('ERR_INVALID_COMPONENT', () => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).u32());
    refusal('ERR_INVALID_COMPONENT', () => reader(0x80, 0x80).u32());
    refusal('ERR_INVALID_COMPONENT', () => reader(...Array<number>(10).fill(0xff), 0x01).u64());
  });

  it('reads 64-bit limits, those beyond what a number holds as the largest safe integer', () => {
    expect(reader(0x80, 0x80, 0x80, 0x80, 0x10).u64()).to.equal(2 ** 32);
    expect(reader(...Array<number>(9).fill(0xff), 0x01).u64()).to.equal(Number.MAX_SAFE_INTEGER);
  });

  it('reads type indices, and refuses the negative numbers that are types', () => {
    expect(reader(0x3f).typeIndex()).to.equal(63);
    expect(reader(0xc0, 0x00).typeIndex()).to.equal(64);
    expect(reader(0xff, 0xff, 0xff, 0xff, 0x0f).typeIndex()).to.equal(4_294_967_295);
    refusal('ERR_INVALID_COMPONENT', () => reader(0x40).typeIndex());
    refusal('ERR_INVALID_COMPONENT', () => reader(0xff, 0xff, 0xff, 0xff, 0x1f).typeIndex());
  });

  it('refuses a vector that is longer than the bytes that are left, before it reads any of it', () => {
    let read = 0;
    const error = refusal('ERR_INVALID_COMPONENT', () =>
      reader(0xff, 0xff, 0xff, 0xff, 0x0f, 0x00).vec('things', () => read++),
    );
    expect(error.message).to.include('4294967295 × things, but only 1 bytes are left');
    expect(read).to.equal(0);
  });

  it('refuses names that are no UTF-8, too long, or longer than what is left', () => {
    expect(reader(3, 0xe2, 0x82, 0xac).name()).to.equal('€');
    refusal('ERR_INVALID_COMPONENT', () => reader(2, 0xe2, 0x82).name());
    refusal('ERR_INVALID_COMPONENT', () => reader(5, 0x61).name());
    const long = new Reader(Uint8Array.from([0xa1, 0x8d, 0x06, ...Array<number>(100_001).fill(0x61)]));
    expect(refusal('ERR_INVALID_COMPONENT', () => long.name()).message).to.include('the limit is 100000');
  });

  it('never reads beyond its span', () => {
    const within = new Reader(Uint8Array.from([1, 2, 3]), { start: 1, end: 2 });
    expect(within.u8()).to.equal(2);
    expect(refusal('ERR_INVALID_COMPONENT', () => within.u8()).message).to.include('at byte 2: unexpected end');
  });
});
