import { expect } from 'chai';
import fc from 'fast-check';
import { analyzeComponent } from '../../src/component/analyze.ts';
import type { Canon, Definition } from '../../src/component/ast.ts';
import { capComponent } from '../../src/component/cap.ts';
import { describeExtern } from '../../src/component/describe.ts';
import { assertPlainNames } from '../../src/component/names.ts';
import { parseComponent } from '../../src/component/parse.ts';
import { matchContract } from '../../src/contract/match.ts';
import { PluginError } from '../../src/errors.ts';
import { component, dummy } from '../support/wat.ts';
import { refusal } from './from-wat.ts';

const EMPTY = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);

function withSections(...sections: (readonly [id: number, ...content: number[]])[]): Uint8Array {
  return Uint8Array.from([
    ...EMPTY,
    ...sections.flatMap(([id, ...content]) => [id, ...leb(content.length), ...content]),
  ]);
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

function ofKind<K extends Definition['kind']>(definitions: readonly Definition[], kind: K) {
  return definitions.filter((definition): definition is Extract<Definition, { kind: K }> => definition.kind === kind);
}

describe('parseComponent', () => {
  it('says of a core module that it is one, and names the build target', async () => {
    const error = refusal('ERR_NOT_A_COMPONENT', () =>
      parseComponent(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])),
    );
    expect(error.message).to.equal('The bytes are a core WebAssembly module, not a component.');
    expect(error.hint).to.include('wasm32-wasip2');
    const module = await component('(module (memory 1))');
    refusal('ERR_NOT_A_COMPONENT', () => parseComponent(module));
  });

  it('says of other bytes that they are no WebAssembly', () => {
    for (const text of ['', '{}', '#!/bin/sh\n', 'a longer text']) {
      refusal('ERR_NOT_A_COMPONENT', () => parseComponent(new TextEncoder().encode(text)));
    }
    const text = refusal('ERR_NOT_A_COMPONENT', () => parseComponent(new TextEncoder().encode('(component)')));
    expect(text.message).to.include('text format');
  });

  it('refuses a preamble that is cut off or of another version', () => {
    refusal('ERR_INVALID_COMPONENT', () => parseComponent(EMPTY.subarray(0, 6)));
    const other = Uint8Array.from(EMPTY);
    other[4] = 0x0e;
    expect(refusal('ERR_INVALID_COMPONENT', () => parseComponent(other)).message).to.include('0x0e 0x00 0x01 0x00');
  });

  it('parses the empty component', () => {
    expect(parseComponent(EMPTY)).to.deep.equal({ span: { start: 0, end: 8 }, size: undefined, definitions: [] });
  });

  it('decodes every value type', async () => {
    const { definitions } = parseComponent(
      await component(`(component
        (type $r (record (field "a" bool) (field "b" s8)))
        (type (variant (case "x" u8) (case "y")))
        (type (list char))
        (type (tuple s16 u16 s32))
        (type (flags "p" "q"))
        (type (enum "u" "v"))
        (type (option f32))
        (type (result f64 (error $r)))
        (type (result))
        (type u32) (type s64) (type u64) (type string)
        (type $res (resource (rep i32)))
        (type (own $res)) (type (borrow $res))
        (type (func (param "r" $r) (result string)))
        (type (list u8 4))
        (type (stream u8)) (type (future)) (type error-context)
        (type (map string u32))
        (type (func async (param "x" u32))))`),
    );
    expect(ofKind(definitions, 'type').map(({ type }) => type)).to.deep.equal([
      {
        kind: 'record',
        fields: [
          { name: 'a', type: 'bool' },
          { name: 'b', type: 's8' },
        ],
      },
      {
        kind: 'variant',
        cases: [
          { name: 'x', type: 'u8' },
          { name: 'y', type: undefined },
        ],
      },
      { kind: 'list', element: 'char', length: undefined },
      { kind: 'tuple', elements: ['s16', 'u16', 's32'] },
      { kind: 'flags', names: ['p', 'q'] },
      { kind: 'enum', names: ['u', 'v'] },
      { kind: 'option', some: 'f32' },
      { kind: 'result', ok: 'f64', error: 0 },
      { kind: 'result', ok: undefined, error: undefined },
      { kind: 'primitive', type: 'u32' },
      { kind: 'primitive', type: 's64' },
      { kind: 'primitive', type: 'u64' },
      { kind: 'primitive', type: 'string' },
      { kind: 'resource', rep: 'i32', destructor: undefined },
      { kind: 'own', resource: 13 },
      { kind: 'borrow', resource: 13 },
      { kind: 'func', async: false, params: [{ name: 'r', type: 0 }], result: 'string' },
      { kind: 'list', element: 'u8', length: 4 },
      { kind: 'stream', element: 'u8' },
      { kind: 'future', element: undefined },
      { kind: 'primitive', type: 'error-context' },
      { kind: 'map', key: 'string', value: 'u32' },
      { kind: 'func', async: true, params: [{ name: 'x', type: 'u32' }], result: undefined },
    ]);
  });

  it('decodes canonical definitions with their options', async () => {
    const { definitions } = parseComponent(
      await component(`(component
        (import "f" (func $f (param "s" string)))
        (core module $m (memory (export "m") 1)
          (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable)
          (func (export "g") (param i32 i32)) (func (export "p")))
        (core instance $i (instantiate $m))
        (alias core export $i "m" (core memory $mem))
        (alias core export $i "r" (core func $realloc))
        (alias core export $i "g" (core func $g))
        (alias core export $i "p" (core func $p))
        (core func (canon lower (func $f) (memory $mem) string-encoding=utf16))
        (func (param "s" string) (canon lift (core func $g) (memory $mem) (realloc $realloc)
          (post-return $p) string-encoding=latin1+utf16))
        (type $res (resource (rep i32)))
        (core func (canon resource.new $res))
        (core func (canon resource.drop $res))
        (core func (canon resource.rep $res))
        (core func (canon task.cancel))
        (core func (canon waitable-set.wait (memory $mem)))
        (core func (canon task.return (result string) (memory $mem)))
        (core func (canon thread.yield))
        (core func (canon context.get i32 0))
        (core func (canon error-context.new (memory $mem))))`),
    );
    const [lower, lift, ...others] = ofKind(definitions, 'canon');
    const none = { callback: undefined, async: false, gc: false };
    expect(lower).to.deep.include({
      canon: 'lower',
      func: 0,
      options: { stringEncoding: 'utf16', memory: 0, realloc: undefined, postReturn: undefined, ...none },
    });
    expect(lift).to.deep.include({
      canon: 'lift',
      func: 1,
      options: { stringEncoding: 'latin1+utf16', memory: 0, realloc: 0, postReturn: 2, ...none },
    });
    const name = (canon: Canon) => (canon.canon === 'built-in' ? canon.name : canon.canon);
    expect(others.map(name)).to.deep.equal([
      'resource.new',
      'resource.drop',
      'resource.rep',
      'task.cancel',
      'waitable-set.wait',
      'task.return',
      'thread.yield',
      'context.get',
      'error-context.new',
    ]);
  });

  it('keeps the definitions in the order of the file, with their offsets', async () => {
    const { definitions } = parseComponent(
      await component(`(component $named
        (import "i" (instance $i (export "f" (func))))
        (alias export $i "f" (func $f))
        (component $c (export "x" (core module $m)) (core module $m))
        (core type (module (import "a" "b" (func)) (export "c" (memory 1 2))))
        (instance $j (export "g" (func $f)))
        (export "j" (instance $j)))`),
    );
    const kinds = definitions.map(({ kind }) => kind);
    expect(kinds.join()).to.equal('type,import,alias,component,core-type,instance,export,custom');
    const offsets = definitions.map(({ offset }) => offset);
    expect(offsets).to.deep.equal([...offsets].sort((a, b) => a - b));
    const [coreType] = ofKind(definitions, 'core-type');
    expect(coreType?.type).to.deep.include({ kind: 'module' });
  });

  it('refuses unknown sections, types, options and canonical definitions', () => {
    for (const bytes of [
      withSections([13, 0]),
      withSections([7, 1, 0x41 + 0x20]),
      withSections([8, 1, 0x77]),
      withSections([8, 1, 0x01, 0x00, 0x00, 1, 0x0f]),
      withSections([2, 1, 0x02]),
      withSections([5, 1, 0x02]),
      withSections([6, 1, 0x03, 0x04, 0, 0]),
      withSections([10, 1, 0x03, 1, 0x61, 0x01, 0]),
    ]) {
      refusal('ERR_INVALID_COMPONENT', () => parseComponent(bytes));
    }
  });

  it('refuses an option that is given twice, and bytes after the end of a section', () => {
    const twice = withSections([8, 1, 0x01, 0x00, 0x00, 2, 0x03, 0, 0x03, 1]);
    expect(refusal('ERR_INVALID_COMPONENT', () => parseComponent(twice)).message).to.include('memory is given twice');
    const rest = withSections([7, 1, 0x7f, 0x7f]);
    expect(refusal('ERR_INVALID_COMPONENT', () => parseComponent(rest)).message).to.include(
      '1 bytes too many in section 7',
    );
  });

  it('refuses components and types that nest too deep, without a stack overflow', () => {
    let nested: number[] = [...EMPTY];
    for (let depth = 0; depth < 200; depth++) nested = [...EMPTY, 4, ...leb(nested.length), ...nested];
    const error = refusal('ERR_INVALID_COMPONENT', () => parseComponent(Uint8Array.from(nested)));
    expect(error.message).to.include('components nest more than 100 deep');
    const types = Array.from({ length: 50_000 }, () => [0x42, 1, 0x01]).flat();
    const deep = refusal('ERR_INVALID_COMPONENT', () => parseComponent(withSections([7, 1, ...types, 0x7f])));
    expect(deep.message).to.include('types nest more than 100 deep');
  });

  describe('under mutation', () => {
    /** Everything that is done to bytes before anything else sees them. */
    function takeIn(bytes: Uint8Array): string {
      try {
        const parsed = parseComponent(bytes);
        assertPlainNames(parsed);
        const analysis = analyzeComponent(parsed);
        for (const { name, type } of [...analysis.imports, ...analysis.exports]) describeExtern(name, type, 10_000);
        const capped = capComponent(bytes, parsed, analysis, { maxMemoryBytes: 32 * 1024 * 1024 });
        analyzeComponent(parseComponent(capped));
        matchContract(analysis);
        return 'taken';
      } catch (error) {
        if (error instanceof PluginError) return error.code;
        throw error;
      }
    }

    it('ends every truncation in a PluginError', async () => {
      const bytes = await dummy('plugin-world');
      const outcomes = new Set<string>();
      for (let length = 0; length < bytes.length; length++) outcomes.add(takeIn(bytes.slice(0, length)));
      // Whole up to a section's end is a component: without its exports, or only without its custom sections.
      expect([...outcomes].sort()).to.deep.equal([
        'ERR_INCOMPATIBLE_WIT',
        'ERR_INVALID_COMPONENT',
        'ERR_NOT_A_COMPONENT',
        'taken',
      ]);
    });

    it('ends every mutation in a PluginError or in a component', async function () {
      // One that has no end is ended by whoever runs the tests.
      this.timeout(180_000);
      const bytes = await dummy('plugin-world');
      const position = fc.nat(bytes.length - 1);
      const edit = fc.oneof(
        fc.record({ at: position, value: fc.nat(255) }),
        fc.record({ at: position, value: fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff) }),
      );
      const outcomes = new Map<string, number>();
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.option(position), (edits, cut) => {
          const mutated = Uint8Array.from(bytes);
          for (const { at, value } of edits) mutated[at] = value;
          // Removing one byte shifts everything after it.
          const input = cut === null ? mutated : Uint8Array.from([...mutated.slice(0, cut), ...mutated.slice(cut + 1)]);
          const outcome = takeIn(input);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }),
        { numRuns: 1000, seed: 20_260_821 },
      );
      // A fuzzer that never gets past the first byte would prove nothing.
      expect([...outcomes.keys()]).to.include.members(['taken', 'ERR_INVALID_COMPONENT', 'ERR_LINK']);
    });
  });
});
