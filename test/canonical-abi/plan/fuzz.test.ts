import { expect } from 'chai';
import fc from 'fast-check';
import { coreModuleBytes } from '../../../src/canonical-abi/plan/core-modules.ts';
import { planBinding } from '../../../src/canonical-abi/plan/plan-binding.ts';
import { LinkedComponent } from '../../../src/canonical-abi/runtime/component.ts';
import { Misfit } from '../../../src/canonical-abi/runtime/misfit.ts';
import type { Component } from '../../../src/component/ast.ts';
import { parseComponent } from '../../../src/component/parse.ts';
import type { Span } from '../../../src/component/reader.ts';
import { type ErrorCode, PluginError } from '../../../src/errors.ts';
import { echo, wasi, worlds } from '../../fixtures/guests.ts';

const REFUSALS: readonly ErrorCode[] = ['ERR_INVALID_COMPONENT', 'ERR_LINK', 'ERR_NOT_A_COMPONENT'];
/** What a component that was accepted may end with when it runs. */
const FAULTS: readonly ErrorCode[] = ['ERR_INVALID_RESPONSE', 'ERR_UNKNOWN_IMPORT', 'ERR_OUTPUT_LIMIT'];

const CODE_SECTION = 10;

/** The core code of a component, which no mutation touches: it could make a function run for ever. */
function codeOf({ definitions }: Component): Span[] {
  return definitions.flatMap((definition) => {
    if (definition.kind === 'component') return codeOf(definition.component);
    const code = definition.kind === 'core-module' ? definition.module.sections.get(CODE_SECTION) : undefined;
    return code === undefined ? [] : [code.content];
  });
}

interface Edit {
  readonly at: number;
  readonly byte: number;
  readonly how: 'replace' | 'remove' | 'insert';
}

function mutated(bytes: Uint8Array, edits: readonly Edit[], places: readonly number[]): Uint8Array<ArrayBuffer> {
  const result = [...bytes];
  for (const { at, byte, how } of edits) {
    const place = places[at % places.length]!;
    if (how === 'replace') result[place] = byte;
    else result.splice(place, how === 'remove' ? 1 : 0, ...(how === 'insert' ? [byte] : []));
  }
  return Uint8Array.from(result);
}

/** An interface with every function and resource that is asked for. They do nothing. */
const everything: object = new Proxy(
  {},
  {
    getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: nothing }),
    get: () => nothing,
  },
);
const host: Readonly<Record<string, object>> = new Proxy(
  {},
  {
    getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: everything }),
    get: () => everything,
  },
);

function nothing(): void {}
Object.defineProperty(nothing, 'prototype', {
  value: new Proxy(
    {},
    {
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: nothing }),
      get: () => nothing,
    },
  ),
});

function run(bytes: Uint8Array<ArrayBuffer>): void {
  const component = parseComponent(bytes);
  const binding = planBinding(bytes, component);
  if (binding.kind === 'unsupported') return;
  const modules = coreModuleBytes(bytes, component).map((core) => new WebAssembly.Module(core));
  const { exports } = new LinkedComponent(binding.plan, modules, { maxOutputBytes: 1_000_000 }).instantiate(host);
  for (const api of Object.values(exports)) {
    const { process } = api as { process?: (...args: unknown[]) => unknown };
    if (process?.length !== undefined) process({ input: 'x', options: [] }, []);
  }
}

/** TypeErrors come of values of the host that do not fit the types, which the mutation may have changed. */
function isExpected(error: unknown): boolean {
  if (error instanceof PluginError) return REFUSALS.includes(error.code) || FAULTS.includes(error.code);
  return (
    error instanceof WebAssembly.CompileError ||
    error instanceof WebAssembly.LinkError ||
    error instanceof WebAssembly.RuntimeError ||
    error instanceof Misfit ||
    (error instanceof TypeError && /^(Expected|WebAssembly\.Instance\(\): Import)/.test(error.message)) ||
    (error instanceof RangeError && /call stack|[Oo]ut of memory|could not allocate/.test(error.message))
  );
}

describe('a component that was changed at random', function () {
  this.timeout(120_000);

  for (const [what, guest] of [
    ['a plugin', echo],
    ['a plugin that imports WASI', wasi],
    ['a plugin of another world', worlds.pluginV2],
  ] as const) {
    it(`${what} is refused with a code, or runs within its bounds`, async () => {
      const bytes = await guest();
      const code = codeOf(parseComponent(bytes));
      const places = [...bytes.keys()].filter((at) => !code.some(({ start, end }) => at >= start && at < end));
      const edit = fc.record({
        at: fc.nat(),
        byte: fc.oneof(
          fc.integer({ min: 0, max: 255 }),
          fc.integer({ min: 0, max: 8 }),
          fc.integer({ min: 0x60, max: 0x80 }),
        ),
        how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'insert'),
      });
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
          try {
            run(mutated(bytes, edits, places));
          } catch (error) {
            if (!isExpected(error)) throw error;
          }
        }),
        { numRuns: Number(process.env.FC_RUNS ?? 400) },
      );
    });
  }

  it('cut off anywhere is refused', async () => {
    const bytes = await echo();
    for (let length = 0; length < bytes.length; length += 7) {
      const cut = bytes.slice(0, length);
      try {
        planBinding(cut, parseComponent(cut));
      } catch (error) {
        expect(error).to.be.instanceOf(PluginError);
        expect(REFUSALS).to.include((error as PluginError).code);
      }
    }
  });
});
