import { expect } from 'chai';
import fc from 'fast-check';
import type { ComponentAnalysis, ModuleUse } from '../../src/component/analyze.ts';
import { type Caps, MAX_TABLE_ENTRIES, PAGE_BYTES, planCaps, TABLE_ENTRY_BYTES } from '../../src/component/caps.ts';
import type { Limits } from '../../src/component/core-ast.ts';
import { fromWat, refusal } from './from-wat.ts';

const MiB = 1024 * 1024;

/** What an analysis says of modules with these memories and tables. */
function analysisOf(
  modules: readonly {
    readonly instances: number;
    readonly memories: readonly Limits[];
    readonly tables: readonly Limits[];
  }[],
): ComponentAnalysis {
  const nowhere = { start: 0, end: 0 };
  const uses = modules.map(({ instances, memories, tables }, index): ModuleUse => {
    const parts = {
      memories: memories.map((limits) => ({ limits, limitsSpan: nowhere })),
      tables: tables.map((limits) => ({ element: 'funcref', limits, limitsSpan: nowhere })),
      imports: [],
      exports: [],
    };
    const module = {
      ...parts,
      span: nowhere,
      size: nowhere,
      sections: new Map(),
      mayGrow: true,
      start: undefined,
      gc: false,
      tags: 0,
      exceptions: () => new Set<never>(),
    };
    return { index, module, instances, ...parts, grows: [] };
  });
  return {
    imports: [],
    exports: [],
    modules: uses,
    order: uses.flatMap(({ index, instances }) => Array<number>(instances).fill(index)),
    growable: new Set(uses.flatMap(({ memories }) => memories)),
    features: [],
  };
}

const limits = (min: number, max?: number): Limits => ({
  min,
  max,
  shared: false,
  wide: false,
  pageSizeLog2: undefined,
});

function worstCase({ modules }: Caps): number {
  const sum = (list: readonly number[]) => list.reduce((total, entry) => total + entry, 0);
  return sum(
    modules.map(
      ({ use, memories, tables }) => use.instances * (sum(memories) * PAGE_BYTES + sum(tables) * TABLE_ENTRY_BYTES),
    ),
  );
}

describe('planCaps', () => {
  it('gives one memory the whole budget', () => {
    const caps = planCaps(analysisOf([{ instances: 1, memories: [limits(1)], tables: [] }]), 32 * MiB);
    expect(caps.modules[0]?.memories).to.deep.equal([512]);
    expect(caps.maxBytes).to.equal(32 * MiB);
  });

  it('never raises the maximum that a module declares', () => {
    const caps = planCaps(analysisOf([{ instances: 1, memories: [limits(1, 3)], tables: [limits(2, 4)] }]), 32 * MiB);
    expect(caps.modules[0]).to.deep.include({ memories: [3], tables: [4] });
  });

  it('counts one module as often as it is instantiated', () => {
    const caps = planCaps(analysisOf([{ instances: 10, memories: [limits(2)], tables: [] }]), 32 * MiB);
    expect(caps.modules[0]?.memories).to.deep.equal([51]);
  });

  it('shares what one memory cannot use among the others', () => {
    const memories = [limits(1, 11), limits(1), limits(1)];
    const caps = planCaps(analysisOf([{ instances: 1, memories, tables: [] }]), 211 * PAGE_BYTES);
    expect(caps.modules[0]?.memories).to.deep.equal([11, 100, 100]);
  });

  it('gives a memory that no code could grow its minimum', async () => {
    const { analysis } = await fromWat(`(component
      (core module $still (memory 5)) (core module $grows (memory 5) (func (drop (memory.grow (i32.const 1)))))
      (core instance (instantiate $still)) (core instance (instantiate $grows)))`);
    expect(planCaps(analysis, 32 * MiB).modules.map(({ memories }) => memories)).to.deep.equal([[5], [507]]);
  });

  it('bounds the entries of all tables, whatever the budget', () => {
    const tables = Array.from({ length: 30 }, () => limits(0));
    const caps = planCaps(analysisOf([{ instances: 1, memories: [], tables }]), 4096 * MiB);
    const entries = caps.modules[0]!.tables.reduce((sum, max) => sum + max, 0);
    expect(entries).to.equal(MAX_TABLE_ENTRIES);
    const one = planCaps(analysisOf([{ instances: 1, memories: [], tables: [limits(10)] }]), 4096 * MiB);
    expect(one.modules[0]?.tables).to.deep.equal([8202]);
  });

  it('leaves modules that are never instantiated as they are', () => {
    expect(planCaps(analysisOf([{ instances: 0, memories: [limits(65536)], tables: [] }]), MiB).modules).to.deep.equal(
      [],
    );
  });

  it('refuses minima beyond the budget, with the numbers', () => {
    const error = refusal('ERR_MEMORY_LIMIT', () =>
      planCaps(analysisOf([{ instances: 10, memories: [limits(100)], tables: [limits(3)] }]), 32 * MiB),
    );
    expect(error.message).to.equal(
      'The component begins with 1000 pages of memory and 30 table entries, 65536480 bytes; the limit maxMemoryBytes is 33554432',
    );
    expect(error.limit).to.deep.equal({ name: 'maxMemoryBytes', value: 33_554_432 });
    expect(error.hint).to.include('65536480');
  });

  it('refuses tables that begin with more entries than there may be', () => {
    const error = refusal('ERR_INVALID_COMPONENT', () =>
      planCaps(analysisOf([{ instances: 2, memories: [], tables: [limits(65_537)] }]), 4096 * MiB),
    );
    expect(error.message).to.include('131074 entries; 131072 are the most');
  });

  it('refuses what it cannot account for', async () => {
    const cases = [
      ['(core module (memory 1 1 shared))', 'a shared memory'],
      ['(core module (memory 1 (pagesize 1)))', 'a page size of its own'],
      ['(core module (type (struct (field i32))))', 'struct or array types'],
      ['(core module (type (array i8)))', 'struct or array types'],
      ['(core module (memory 2 1))', 'maximum is below its minimum'],
      ['(import "m" (core module $m)) (core instance (instantiate $m))', 'a core module that it imports'],
      ['(core module $m (memory i64 65537)) (core instance (instantiate $m))', 'more than 65536 pages'],
    ] as const;
    for (const [text, reason] of cases) {
      const { analysis } = await fromWat(`(component ${text})`);
      expect(refusal('ERR_INVALID_COMPONENT', () => planCaps(analysis, 4096 * MiB)).message).to.include(reason);
    }
  });

  it('accounts for 64-bit memories and tables', async () => {
    const { analysis } = await fromWat(
      '(component (core module $m (memory i64 1) (table i64 1 funcref) (func (drop (memory.grow (i64.const 1))))) (core instance (instantiate $m)))',
    );
    expect(planCaps(analysis, 32 * MiB).modules[0]).to.deep.include({ memories: [509], tables: [8193] });
  });

  it('never lets the sum over all instances exceed the budget, nor a maximum fall below its minimum', () => {
    const anyLimits = fc
      .record({ min: fc.nat(8), room: fc.option(fc.nat(1000), { nil: undefined }) })
      .map(({ min, room }) => limits(min, room === undefined ? undefined : min + room));
    const module = fc.record({
      instances: fc.nat(6),
      memories: fc.array(anyLimits, { maxLength: 3 }),
      tables: fc.array(anyLimits, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(module, { maxLength: 6 }),
        fc.integer({ min: 60 * MiB, max: 4096 * MiB }),
        (modules, budget) => {
          const caps = planCaps(analysisOf(modules), budget);
          expect(caps.maxBytes).to.equal(worstCase(caps)).and.to.be.at.most(budget);
          let entries = 0;
          for (const { use, memories, tables } of caps.modules) {
            for (const [index, max] of memories.entries()) {
              const declared = use.memories[index]!.limits;
              expect(max).to.be.within(declared.min, declared.max ?? 65_536);
            }
            for (const [index, max] of tables.entries()) {
              const declared = use.tables[index]!.limits;
              expect(max).to.be.within(declared.min, declared.max ?? MAX_TABLE_ENTRIES);
              entries += use.instances * max;
            }
          }
          expect(entries).to.be.at.most(MAX_TABLE_ENTRIES);
        },
      ),
      { numRuns: 500 },
    );
  });
});
