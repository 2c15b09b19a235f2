import { expect } from 'chai';
import type { CoreModule } from '../../src/component/core-ast.ts';
import { parseCoreModule } from '../../src/component/core-module.ts';
import { component } from '../support/wat.ts';
import { refusal } from './from-wat.ts';

function parse(bytes: Uint8Array): CoreModule {
  return parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
}

const module = async (fields: string): Promise<CoreModule> => parse(await component(`(module ${fields})`));

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const plain = { shared: false, wide: false, pageSizeLog2: undefined };

describe('parseCoreModule', () => {
  it('reads imports and exports of every kind', async () => {
    const { imports, exports, start } = await module(`
      (import "a" "f" (func (param i32)))
      (import "a" "t" (table 1 2 externref))
      (import "" "m" (memory 3 4))
      (import "a" "g" (global (mut i64)))
      (import "a" "e" (tag (param i32)))
      (func $start) (start $start)
      (export "" (func 1)) (export "t" (table 0)) (export "m" (memory 0)) (export "g" (global 0)) (export "e" (tag 0))`);
    expect(imports).to.deep.equal([
      { module: 'a', name: 'f', type: { kind: 'func', type: 0 } },
      {
        module: 'a',
        name: 't',
        type: { kind: 'table', table: { element: 'externref', limits: { min: 1, max: 2, ...plain } } },
      },
      { module: '', name: 'm', type: { kind: 'memory', memory: { min: 3, max: 4, ...plain } } },
      { module: 'a', name: 'g', type: { kind: 'global', type: 'i64', mutable: true } },
      { module: 'a', name: 'e', type: { kind: 'tag', type: 0 } },
    ]);
    expect(exports.map(({ name, kind, index }) => `${name} ${kind} ${index}`)).to.deep.equal([
      ' func 1',
      't table 0',
      'm memory 0',
      'g global 0',
      'e tag 0',
    ]);
    expect(start).to.equal(1);
  });

  it('reads the limits of memories and tables that the module defines', async () => {
    const { memories, tables } = await module(`
      (memory 1) (memory 2 65536) (memory 1 1 shared) (memory i64 5 6) (memory 8 9 (pagesize 1))
      (table 0 funcref) (table 10 20 externref) (table i64 3 (ref null func))`);
    expect(memories.map(({ limits }) => limits)).to.deep.equal([
      { ...plain, min: 1, max: undefined },
      { ...plain, min: 2, max: 65536 },
      { ...plain, min: 1, max: 1, shared: true },
      { ...plain, min: 5, max: 6, wide: true },
      { ...plain, min: 8, max: 9, pageSizeLog2: 0 },
    ]);
    expect(tables.map(({ element, limits: { min, max, wide } }) => [element, min, max, wide])).to.deep.equal([
      ['funcref', 0, undefined, false],
      ['externref', 10, 20, false],
      ['funcref', 3, undefined, true],
    ]);
  });

  it('steps over the initialisers of tables', async () => {
    const { tables } = await module(`
      (global $g i32 (i32.const 7)) (type $t (func)) (func $f)
      (table 1 2 funcref (ref.func $f)) (table 3 (ref null func) (ref.null func)) (table 4 (ref null $t) (ref.null $t))
      (table 5 funcref)`);
    expect(tables.map(({ limits }) => limits.min)).to.deep.equal([1, 3, 4, 5]);
  });

  it('tells garbage-collected types from groups of function types', async () => {
    expect((await module('(rec (type $a (func)) (type $b (func (param (ref $a)))))')).gc).to.equal(false);
    expect((await module('(type (sub (func)))')).gc).to.equal(false);
    expect((await module('(type (struct (field i8) (field (mut anyref))))')).gc).to.equal(true);
    expect((await module('(rec (type (func)) (type (array (mut i16))))')).gc).to.equal(true);
    expect((await module('(type (sub (struct)))')).gc).to.equal(true);
  });

  it('knows whether code could grow a memory', async () => {
    expect((await module('(memory 1) (func (drop (memory.grow (i32.const 1))))')).mayGrow).to.equal(true);
    expect((await module('(memory 1) (func (drop (memory.size)))')).mayGrow).to.equal(false);
  });

  it('refuses flags, sections, kinds and type forms that it does not know', () => {
    for (const section of [
      [5, 3, 1, 0x10, 1],
      [14, 1, 0],
      [7, 4, 1, 0, 5, 0],
      [1, 2, 1, 0x5d],
      [2, 5, 1, 0, 0, 0x20, 0],
      [4, 5, 1, 0x40, 0x00, 0x70, 0x10],
    ]) {
      refusal('ERR_INVALID_COMPONENT', () => parse(Uint8Array.from([...PREAMBLE, ...section])));
    }
  });

  it('refuses a second section of one kind, which would hide memories', () => {
    const memory = [5, 3, 1, 0x00, 1];
    const twice = Uint8Array.from([...PREAMBLE, ...memory, ...memory]);
    expect(refusal('ERR_INVALID_COMPONENT', () => parse(twice)).message).to.include(
      'section 5 of a core module appears twice',
    );
  });

  it('refuses bytes that are left over in a section', () => {
    const bytes = Uint8Array.from([...PREAMBLE, 5, 4, 1, 0x00, 1, 0]);
    expect(refusal('ERR_INVALID_COMPONENT', () => parse(bytes)).message).to.include('1 bytes too many in section 5');
  });
});
