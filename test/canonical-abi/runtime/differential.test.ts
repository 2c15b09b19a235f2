import { expect } from 'chai';
import fc from 'fast-check';
import { across, direct, glued, type Imports } from './support/bindings.ts';
import { type Encoding, echoComponent } from './support/echo-component.ts';
import { plain } from './support/plain.ts';
import { type WitType, witTypes } from './support/wit-types.ts';

/** How a call ended: what it returned, what it threw as an `err`, or that it failed. */
type Ending = { readonly returned: unknown } | { readonly err: unknown } | { readonly failed: true };

interface Run {
  readonly ending: Ending;
  /** What the host was passed. */
  readonly seen: unknown[];
}

function run(func: unknown, seen: unknown[], values: readonly unknown[]): Run {
  seen.length = 0;
  return { ending: ending(() => (func as (...values: unknown[]) => unknown)(...values)), seen: [...seen] };
}

function ending(call: () => unknown): Ending {
  try {
    return { returned: call() };
  } catch (error) {
    if (error instanceof Error && Object.hasOwn(error, 'payload'))
      return { err: (error as { payload?: unknown }).payload };
    return { failed: true };
  }
}

/** The host of the echo component: answers with the last of its arguments, an `err` by throwing it. */
function host(seen: unknown[], fallible: boolean): Imports {
  return {
    'test:test/host': {
      echo(...values: unknown[]) {
        seen.push(values);
        const value = values.at(-1);
        if (!fallible) return value;
        const { tag, val } = value as { tag: string; val?: unknown };
        if (tag === 'ok') return val;
        throw { payload: val };
      },
    },
  };
}

type Sample = readonly [types: readonly WitType[], samples: readonly (readonly unknown[])[]];

/** Types of parameters, and values of them. */
const samples: fc.Arbitrary<Sample> = fc
  .array(witTypes, { minLength: 1, maxLength: 4 })
  .chain((types) =>
    fc.tuple(
      fc.constant(types),
      fc.array(fc.tuple(...types.map(({ values }) => values)), { minLength: 1, maxLength: 12 }),
    ),
  );

async function compare([types, values]: Sample, encoding: Encoding): Promise<void> {
  const bytes = await echoComponent(types, encoding);
  const fallible = types.at(-1)!.kind === 'result';
  const [ourSeen, theirSeen]: [unknown[], unknown[]] = [[], []];
  const ours = (await direct(bytes, host(ourSeen, fallible))).exports['test:test/api'] as Record<string, unknown>;
  // jco-transpile 0.15 panics at `string-encoding=latin1+utf16`.
  const theirs =
    encoding === 'compact-utf16'
      ? undefined
      : ((await glued(bytes))(host(theirSeen, fallible))['test:test/api'] as Record<string, unknown>);
  const bytewise = encoding === 'utf8' ? await across(bytes, host(ourSeen, fallible)) : undefined;
  for (const args of values) {
    const our = run(ours.run, ourSeen, args);
    // Not only the same as the other's, but right.
    expect(plain(our.seen)).to.deep.equal(plain([args]));
    if (theirs !== undefined) expect(plain(our)).to.deep.equal(plain(run(theirs.run, theirSeen, args)));
    else expect(plain(our.ending)).to.deep.equal(plain(expected(args.at(-1), fallible)));
    if (bytewise === undefined) continue;
    ourSeen.length = 0;
    expect(plain(bytewise('test:test/api', 'run', args))).to.deep.equal(plain(args.at(-1)));
    expect(plain(ourSeen)).to.deep.equal(plain([args]));
  }
}

function expected(value: unknown, fallible: boolean): unknown {
  if (!fallible) return { returned: value };
  const { tag, val } = value as { tag: string; val?: unknown };
  return tag === 'ok' ? { returned: val } : { err: val };
}

describe('the direct binding beside jco', function () {
  this.timeout(120_000);

  for (const encoding of ['utf8', 'utf16', 'compact-utf16'] as const) {
    it(`passes values of any type as jco's glue does, with strings in ${encoding}`, async () => {
      const property = fc.asyncProperty(samples, (sample) => compare(sample, encoding));
      await fc.assert(property, { numRuns: Number(process.env.FC_RUNS ?? 25) });
    });
  }
});
