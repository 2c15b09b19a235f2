import { expect } from 'chai';
import { fromTape, Resources, toTape, Unrecordable } from '../../src/recording/values.ts';

const again = (value: unknown): unknown =>
  fromTape(JSON.parse(JSON.stringify(toTape(value, new Resources('play'), 'whole'))), new Resources('play'));

describe('values on a tape', () => {
  it('come back as they were', () => {
    const values = [
      true,
      'text \u20ac \u0000',
      0,
      -1.5,
      Number.NaN,
      -0,
      Number.POSITIVE_INFINITY,
      2n ** 64n - 1n,
      undefined,
      [1, [2n, 'three']],
      { tag: 'some', val: { seconds: 1n } },
      Uint8Array.of(1, 2, 255),
      Float64Array.of(1.5, Number.NaN),
      BigInt64Array.of(-1n),
      Int16Array.of(-2),
    ];
    for (const value of values) expect(again(value)).to.deep.equal(value);
    expect(Object.is(again(-0), -0)).to.equal(true);
    expect(again(Buffer.from('bytes'))).to.deep.equal(new Uint8Array(Buffer.from('bytes')));
  });

  it('have resources by number, the same one each time', () => {
    class Stream {}
    const [first, second] = [new Stream(), new Stream()];
    const text = JSON.stringify(toTape([first, second, first], new Resources('play'), 'whole'));
    const played = new Resources('play');
    const [one, two, three] = fromTape(JSON.parse(text), played) as object[];
    expect(one).to.equal(three);
    expect(one).not.to.equal(two);
    expect(JSON.stringify(toTape([one, two, three], played, 'whole'))).to.equal(text);
  });

  it('have a hash for bytes of which only that is wanted', () => {
    const bytes = (last: number): Uint8Array => new Uint8Array(10_000).fill(last, 9_999);
    const hashed = (value: Uint8Array): string => JSON.stringify(toTape(value, new Resources('play'), 'hashed'));
    expect(hashed(bytes(1)).length).to.be.lessThan(200);
    expect(hashed(bytes(1))).to.equal(hashed(bytes(1)));
    expect(hashed(bytes(1))).not.to.equal(hashed(bytes(2)));
  });

  it('are not functions, streams and promises', () => {
    for (const value of [() => 1, Promise.resolve(1), new ReadableStream(), Symbol('s'), { a: [() => 1] }]) {
      expect(() => toTape(value, new Resources('play'), 'whole')).to.throw(Unrecordable);
    }
  });

  it('are refused where they are none', () => {
    for (const value of [{ $: 'integer' }, { $: 'Date', v: '' }, { $: 'resource', v: 'x' }, { $: 1 as never }]) {
      expect(() => fromTape(value as never, new Resources('play'))).to.throw(TypeError);
    }
  });
});
