import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import fc from 'fast-check';
import { Channel } from '../../../src/isolation/wire/channel.ts';
import { errorFrom, fields, parseJson, utterance } from '../../../src/isolation/wire/checked.ts';
import { componentFacts } from '../../../src/isolation/wire/checked-component.ts';
import { Packer } from '../../../src/isolation/wire/packer.ts';
import { unpackResults } from '../../../src/isolation/wire/results.ts';
import { ProtocolError, Unpacker } from '../../../src/isolation/wire/unpacker.ts';
import { packValue, unpackValue } from '../../../src/isolation/wire/values.ts';

/** What a child that was taken over may send: each must be read, or be a {@link ProtocolError}, and nothing else. */
function reads(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

describe('what a child sends', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value));

  it('is a protocol error when it is no results', () => {
    fc.assert(fc.property(bytes, (body) => reads(() => [...unpackResults(body)])));
  });

  it('is a protocol error when it is no value', () => {
    fc.assert(fc.property(bytes, (body) => reads(() => unpackValue(new Unpacker(body)))));
    const deep = Buffer.from(Array.from({ length: 5000 }, () => [8, 1, 0, 0, 0]).flat());
    expect(() => unpackValue(new Unpacker(deep))).to.throw(ProtocolError, 'levels');
    const many = Buffer.from([8, 0xff, 0xff, 0xff, 0xff]);
    expect(() => unpackValue(new Unpacker(many))).to.throw(ProtocolError, 'items');
  });

  it('is a protocol error when it is no message', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const check of [fields, errorFrom, utterance, componentFacts]) reads(() => check(value));
      }),
    );
    expect(() => parseJson('{')).to.throw(ProtocolError);
  });

  it('ends the channel when its length is more than it may be, before it is held', async () => {
    const stream = new PassThrough();
    const ended = new Promise<unknown>((resolve) => {
      new Channel(stream as unknown as Socket, () => 1000, { onFrame() {}, onDrain() {}, onEnd: resolve });
    });
    stream.write(Buffer.from([0xff, 0xff, 0xff, 0x7f, 1]));
    expect(await ended).to.be.instanceOf(ProtocolError);
  });

  it('is what was packed, for every value of a component', () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.constant(undefined),
      fc.uint8Array(),
    );
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
    })).value;
    fc.assert(
      fc.property(value, (one) => {
        const packer = new Packer();
        packValue(packer, one);
        const expected = JSON.stringify(one, printed);
        expect(JSON.stringify(unpackValue(new Unpacker(packer.take())), printed)).to.equal(expected);
      }),
    );
  });
});

function printed(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? value.toWellFormed() : value;
}
