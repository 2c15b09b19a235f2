import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { pluginFiles } from '../../examples/plugins/files.ts';
import type { CoreModule } from '../../src/component/core-ast.ts';
import { parseCoreModule } from '../../src/component/core-module.ts';
import { findGrows, type Grow } from '../../src/component/instructions.ts';
import { Reader, type Span } from '../../src/component/reader.ts';
import { PluginError } from '../../src/errors.ts';
import { fromBytes, refusal } from './from-wat.ts';
import { INSTRUCTIONS, moduleOf } from './instruction-texts.ts';

/** The bodies of the functions that a module defines, without the lengths in front of them. */
function bodies(bytes: Uint8Array, { sections }: CoreModule): Span[] {
  const code = sections.get(10);
  if (code === undefined) return [];
  const reader = new Reader(bytes, code.content);
  return reader.vec('functions', () => reader.take(reader.u32(), 'a function'));
}

function parse(bytes: Uint8Array): CoreModule {
  return parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
}

/** What every body of a module grows, in order. */
function growsOf(bytes: Uint8Array, module: CoreModule): Grow[] {
  return bodies(bytes, module).flatMap((span) => {
    const reader = new Reader(bytes, span);
    const grows = findGrows(reader);
    expect(reader.position).to.equal(span.end);
    return grows;
  });
}

const grows = (grow: Grow): string => `${grow.kind} ${grow.index}`;

describe('findGrows', () => {
  for (const [what, texts] of Object.entries(INSTRUCTIONS)) {
    it(`walks over instructions: ${what}`, async () => {
      const after = '(memory.grow 1 (i32.const 64)) drop (table.grow 1 (ref.null extern) (i32.const 64)) drop';
      const bytes = await moduleOf(texts.map((text) => `${text} ${after}`));
      const found = bodies(bytes, parse(bytes)).slice(65);
      expect(found).to.have.length(texts.length);
      for (const [index, span] of found.entries()) {
        expect(findGrows(new Reader(bytes, span)).map(grows), texts[index]).to.deep.equal(['memory 1', 'table 1']);
      }
    });
  }

  it('steps over immediates that would pass for instructions', () => {
    // 64 is `memory.grow`; 14 is `br_table`, which would take all that follows for labels.
    for (const code of [
      [0xfe, 3, 64], // atomic.fence
      [0xfd, 21, 64], // i8x16.extract_lane_s
      [0xfd, 84, 64, 64, 64, 64], // v128.load8_lane of memory 64
      [0xfb, 24, 3, 64, 14, 14], // br_on_cast
      [0xfb, 8, 64, 64], // array.new_fixed
      [0xfb, 20, 14], // ref.test
      [0xfc, 8, 64, 64], // memory.init
      [0x1f, 64, 4, 0, 64, 64, 1, 64, 64, 2, 64, 3, 64], // try_table
      [0x06, 64, 0x07, 64, 0x18, 64], // try, catch, delegate
      [0x0e, 2, 64, 64, 64], // br_table
      [0x1c, 1, 0x63, 14], // select
      [0x11, 64, 64], // call_indirect
      [0x28, 64, 64, 64], // i32.load of memory 64
      [0x44, 64, 64, 64, 64, 64, 64, 64, 64], // f64.const
    ]) {
      const found = findGrows(new Reader(Uint8Array.from([0, ...code, 0x40, 1, 0x0b])));
      expect(found.map(grows), String(code)).to.deep.equal(['memory 1']);
    }
  });

  it('says where they are', () => {
    // (local i64 (ref null func)) (i32.const 0x40) (memory.grow 0x140, padded) (drop)
    const body = Uint8Array.from([2, 1, 0x7e, 1, 0x63, 0x70, 0x41, 0xc0, 0x00, 0x40, 0xc0, 0x82, 0x00, 0x1a, 0x0b]);
    expect(findGrows(new Reader(body))).to.deep.equal([{ kind: 'memory', index: 320, span: { start: 9, end: 13 } }]);
  });

  it('refuses what it does not know', () => {
    for (const code of [
      [0x16], // no instruction
      [0xe0, 0], // stack switching
      [0xfb, 32, 0], // custom descriptors
      [0xfb, 0x80, 1], // reference-typed strings
      [0xfc, 18, 0], // memory control
      [0xfd, 154, 1], // a gap
      [0xfd, 0xa0, 2], // half precision
      [0xfe, 0x4f, 0], // shared everything
      [0xff, 0],
      [0x02, 0x62, 0x70, 0x0b], // a block of an exact reference type
      [0x28, 0x22, 0, 0], // an ordering
      [0x1f, 0x40, 1, 4, 0, 0x0b], // a kind of handler
      [0xd0, 0x65, 0x70], // a shared type
    ]) {
      refusal('ERR_INVALID_COMPONENT', () => findGrows(new Reader(Uint8Array.from([0, ...code, 0x0b]))));
    }
  });

  it('refuses a body that is cut off within an instruction, or counts more than it has', () => {
    for (const body of [
      [],
      [1],
      [1, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0x7f],
      [0, 0x40],
      [0, 0x41, 0x80],
      [0, 0x44, 0, 0, 0],
      [0, 0xfd],
      [0, 0xfd, 12, 0, 0],
      [0, 0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0],
      [0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    ]) {
      refusal('ERR_INVALID_COMPONENT', () => findGrows(new Reader(Uint8Array.from(body))));
    }
  });

  it('walks over every function of what Rust compiles to', async () => {
    const vendor = new URL('../vendor/', import.meta.resolve('@bytecodealliance/jco-transpile'));
    for (const [file, found] of [
      ['js-component-bindgen-component.core.wasm', ['memory 0']],
      ['wasm-tools.core.wasm', ['memory 0']],
    ] as const) {
      const bytes = new Uint8Array(await readFile(new URL(file, vendor)));
      expect(growsOf(bytes, parse(bytes)).map(grows)).to.deep.equal(found);
    }
  });

  it('walks over every function of plugins in C, AssemblyScript and JavaScript', async () => {
    for (const [file, found] of [
      [pluginFiles.redact, 3],
      [pluginFiles.wordCount, 3],
      [pluginFiles.csvToJson, 1],
    ] as const) {
      const { bytes, analysis } = fromBytes(new Uint8Array(await readFile(file)));
      expect(analysis.modules.flatMap(({ module }) => growsOf(bytes, module))).to.have.length(found);
    }
  });

  it('ends on any bytes, in grows within them or in a PluginError', async () => {
    const { bytes, analysis } = fromBytes(new Uint8Array(await readFile(pluginFiles.redact)));
    const spans = analysis.modules.flatMap(({ module }) => bodies(bytes, module));
    const mutated = fc
      .record({
        span: fc.constantFrom(...spans),
        edits: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        cut: fc.option(fc.nat(), { nil: undefined }),
      })
      .map(({ span, edits, cut }) => {
        const body = bytes.slice(span.start, span.end);
        for (const [at, value] of edits) body[at % body.length] = value;
        return cut === undefined ? body : body.subarray(0, cut % body.length);
      });
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (body) => {
        const reader = new Reader(body);
        try {
          for (const { span } of findGrows(reader)) expect(span.end).to.be.within(span.start + 2, body.length);
          expect(reader.position).to.equal(body.length);
          outcomes.add('walked');
        } catch (error) {
          if (!(error instanceof PluginError)) throw error;
          outcomes.add(error.code);
        }
      }),
      { numRuns: 20_000 },
    );
    expect([...outcomes].sort()).to.deep.equal(['ERR_INVALID_COMPONENT', 'walked']);
  });
});
