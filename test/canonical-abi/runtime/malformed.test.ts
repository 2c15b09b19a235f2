import { expect } from 'chai';
import fc from 'fast-check';
import { PluginError } from '../../../src/errors.ts';
import { across, direct, glued } from './support/bindings.ts';
import { givingComponent } from './support/echo-component.ts';
import { plain } from './support/plain.ts';
import { load, Trap } from './support/reference.ts';
import { type WitType, witTypes } from './support/wit-types.ts';

/** Bytes that a guest returns as a value of a type. Small ones are over-represented: they are pointers into the memory. */
const byte = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0, 0, 0, 1, 2, 64) }, fc.integer({ min: 0, max: 255 }));

const CORE_VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  i32: fc
    .oneof(fc.constantFrom(0, 1, 2, 8, 255, 256, 0xd7ff, 0xd800, 0x10ffff, 0x110000), fc.integer())
    .map((value) => `(i32.const ${value})`),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => `(i64.const ${value})`),
  f32: fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => `(f32.const ${value})`),
  f64: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => `(f64.const ${value})`),
};

const given: fc.Arbitrary<readonly [WitType, Uint8Array, string]> = witTypes.chain((type) =>
  fc.tuple(
    fc.constant(type),
    fc.array(byte, { minLength: type.layout.size, maxLength: type.layout.size }).map((bytes) => Uint8Array.from(bytes)),
    CORE_VALUES[type.layout.flat?.[0] ?? 'i32']!,
  ),
);

/** What a call returned, an `err` in the form of a result; or the error that it failed with. */
function outcome(call: () => unknown, fallible: boolean): unknown {
  try {
    const returned = call();
    return plain(fallible ? { tag: 'ok', val: returned } : returned);
  } catch (error) {
    if (error instanceof Error && Object.hasOwn(error, 'payload')) {
      return plain({ tag: 'err', val: (error as { payload?: unknown }).payload });
    }
    return error;
  }
}

/** What the specification says of a value in memory; undefined for one that is a core value. */
function reference(type: WitType, bytes: Uint8Array): unknown {
  const memory = new Uint8Array(65_536);
  memory.set(bytes, 64);
  return outcome(() => load(memory, 64, type), false);
}

describe('what a guest returns that may be no value', function () {
  this.timeout(120_000);

  it("is lifted as the specification says and as jco's glue does, or refused as ERR_INVALID_RESPONSE", async () => {
    const property = fc.asyncProperty(given, async ([type, bytes, flat]) => {
      const component = await givingComponent(type, bytes, flat);
      const fallible = type.kind === 'result';
      const ours = (await direct(component)).exports['test:test/api'] as { give(): unknown };
      const theirs = (await glued(component))()['test:test/api'] as { give(): unknown };
      const our = outcome(() => ours.give(), fallible);
      const their = outcome(() => theirs.give(), fallible);
      if (type.layout.flat?.length !== 1) {
        const right = reference(type, bytes);
        if (right instanceof Trap) expect(our, right.message).to.be.instanceOf(PluginError);
        else expect(our).to.deep.equal(right);
      }
      const bytewise = await across(component);
      const third = outcome(() => bytewise('test:test/api', 'give', []), false);
      if (our instanceof Error) expect(third).to.include({ code: (our as PluginError).code });
      else expect(third).to.deep.equal(our);
      if (our instanceof Error) expect((our as PluginError).code).to.equal('ERR_INVALID_RESPONSE');
      // jco checks less than the specification (bounds of lists of numbers) and more (bools and flags).
      else if (!(their instanceof Error)) expect(our).to.deep.equal(their);
    });
    await fc.assert(property, { numRuns: Number(process.env.FC_RUNS ?? 60) });
  });
});
