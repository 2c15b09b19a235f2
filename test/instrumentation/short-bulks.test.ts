import { expect } from 'chai';
import { withChecks } from '../../src/instrumentation/checked-module.ts';
import { ControlPage } from '../../src/instrumentation/control-page.ts';
import { withShortBulks } from '../../src/instrumentation/short-bulks.ts';
import { corePlugin } from '../fixtures/core-plugin.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { generatedModule } from '../support/generated-module.ts';
import { moduleOutcome } from '../support/module-outcome.ts';
import { outcome, thrown } from '../support/outcome.ts';
import { component, plugin } from '../support/wat.ts';

const PAGE = 65_536;
/** Of each memory and table in these modules. */
const BYTES = 5 * PAGE;
const ENTRIES = 5000;

async function module(wat: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await component(wat));
}

/** One bulk instruction, whose operands are the parameters of `run`; with memories and tables of every kind. */
function around(code: string, params: string): string {
  const data = Array.from({ length: 1000 }, (_, i) => `\\${(i % 256).toString(16).padStart(2, '0')}`).join('');
  const functions = Array.from({ length: 100 }, () => '$run $other').join(' ');
  return `(module
    (memory $a (export "a") 5 5) (memory $b (export "b") 5 5)
    ${params.includes('i64') ? '(memory $w (export "w") i64 5 5)' : ''}
    (table $t (export "t") ${ENTRIES} funcref) (table $u (export "u") ${ENTRIES} funcref)
    (type $none (func)) (table $typed (export "typed") ${ENTRIES} (ref null $none))
    (data $d "${data.repeat(90)}") (elem $e func ${`${functions} `.repeat(15)})
    (elem declare func $other)
    (func $other)
    (func $run (export "run") (param ${params}) ${code}))`;
}

/** What the declarations of WebAssembly here leave out. */
interface Table {
  readonly get: (index: number) => { readonly name: string } | null;
  readonly set: (index: number, func: () => void) => void;
}

function makeTable(): Table {
  const { Table } = WebAssembly as unknown as { readonly Table: new (type: object) => Table };
  return new Table({ initial: ENTRIES, element: 'anyfunc' });
}

/** How a run ends, and what is in the memories and tables then. */
function effect(bytes: Uint8Array<ArrayBuffer>, operands: readonly (number | bigint)[]): unknown {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const memories = ['a', 'b', 'w']
    .filter((name) => name in exports)
    .map((name) => new Uint8Array((exports[name] as WebAssembly.Memory).buffer));
  for (const [place, bytes] of memories.entries()) for (let at = 0; at < BYTES; at++) bytes[at] = (at * 7 + place) >> 3;
  const tables = ['t', 'u', 'typed'].map((name) => exports[name] as unknown as Table);
  for (let at = 0; at < ENTRIES; at += 3) tables[1]!.set(at, exports.run as () => void);
  let ends = 'returned';
  try {
    (exports.run as (...operands: (number | bigint)[]) => void)(...operands);
  } catch (error) {
    ends = String(error);
  }
  const held = tables.map((table) => Array.from({ length: ENTRIES }, (_, at) => table.get(at)?.name));
  return [ends, ...memories.map((memory) => Buffer.from(memory).toString('base64')), held];
}

/** Operands in bounds and out of them: short, longer than a part, overlapping from both sides, and beyond all addresses. */
function operandsFor(size: number): readonly (readonly [to: number, from: number, count: number])[] {
  const part = size === BYTES ? PAGE : 1024;
  return [
    [0, 0, 0],
    [3, 9, 5],
    [100, 50, part],
    [100, 50, part + 1],
    [50, 100, 3 * part + 7],
    [100, 50, 3 * part + 7],
    [1, 0, size - 1],
    [0, 1, size - 1],
    [0, 0, size],
    [size, size, 0],
    [size + 1, 0, 0],
    [0, size + 1, 0],
    [10, 0, size],
    [0, 10, size],
    [0xffff_fff0, 0, 2 * part],
    [0, 0xffff_fff0, 2 * part],
    [part, part, 0xffff_ffff],
  ];
}

const NARROW = 'i32 i32 i32';
const OPERANDS = '(local.get 0) (local.get 1) (local.get 2)';
const FILLS = ['(local.get 0)', '(local.get 2)'] as const;

const INSTRUCTIONS: readonly (readonly [what: string, code: string, params: string, size: number])[] = [
  ['memory.fill', `(memory.fill $b ${OPERANDS})`, NARROW, BYTES],
  ['memory.fill of 64 bits', `(memory.fill $w ${OPERANDS})`, 'i64 i32 i64', BYTES],
  ['memory.copy', `(memory.copy $a $a ${OPERANDS})`, NARROW, BYTES],
  ['memory.copy between memories', `(memory.copy $b $a ${OPERANDS})`, NARROW, BYTES],
  ['memory.copy of 64 bits', `(memory.copy $w $w ${OPERANDS})`, 'i64 i64 i64', BYTES],
  ['memory.copy to 64 bits', `(memory.copy $w $a ${OPERANDS})`, 'i64 i32 i32', BYTES],
  ['memory.copy from 64 bits', `(memory.copy $a $w ${OPERANDS})`, 'i32 i64 i32', BYTES],
  ['memory.init', `(memory.init $a $d ${OPERANDS})`, NARROW, BYTES],
  ['memory.init of 64 bits', `(memory.init $w $d ${OPERANDS})`, 'i64 i32 i32', BYTES],
  ['memory.init of a segment that is dropped', `(data.drop $d) (memory.init $a $d ${OPERANDS})`, NARROW, BYTES],
  ['table.copy', `(table.copy $u $u ${OPERANDS})`, NARROW, ENTRIES],
  ['table.copy between tables', `(table.copy $t $u ${OPERANDS})`, NARROW, ENTRIES],
  ['table.init', `(table.init $t $e ${OPERANDS})`, NARROW, ENTRIES],
  ['table.fill', `(table.fill $t ${FILLS[0]} (ref.func $run) ${FILLS[1]})`, NARROW, ENTRIES],
  ['table.fill of a type', `(table.fill $typed ${FILLS[0]} (ref.func $other) ${FILLS[1]})`, NARROW, ENTRIES],
];

describe('withShortBulks', function () {
  this.timeout(60_000);

  for (const [what, code, params, size] of INSTRUCTIONS) {
    it(`has ${what} do the same, part by part`, async () => {
      const bytes = await module(around(code, params));
      if (!WebAssembly.validate(bytes)) {
        // It copies between memories of 32 and of 64 bits as an older proposal has it.
        expect(`${what}, Node ${process.versions.node}`).to.match(/^memory.copy (to|from) 64 bits, Node 22\./);
        return;
      }
      const changed = withShortBulks(bytes);
      expect(changed).to.have.length.above(bytes.length);
      const types = params.split(' ');
      for (const operands of operandsFor(size)) {
        const passed = operands.map((value, place) => (types[place] === 'i64' ? BigInt(value) : value));
        const [is, was] = [effect(changed, passed), effect(bytes, passed)];
        expect(is, `${passed}`).to.deep.equal(was);
      }
    });
  }

  for (const [what, kind, code] of [
    ['memory', 'memory 5', 'memory.copy'],
    ['table', `table ${ENTRIES} funcref`, 'table.copy'],
  ] as const) {
    it(`copies within one ${what} that is imported as two`, async () => {
      const bytes = await module(`(module (import "one" "x" (${kind})) (import "two" "x" (${kind}))
        (func (export "run") (param ${NARROW}) (${code} 1 0 ${OPERANDS})))`);
      const copied = (of: Uint8Array<ArrayBuffer>, operands: readonly number[]): unknown => {
        const memory = new WebAssembly.Memory({ initial: 5 });
        const held = new Uint8Array(memory.buffer).map((_, at) => (at * 7) >> 3);
        new Uint8Array(memory.buffer).set(held);
        const table = makeTable();
        const x = what === 'memory' ? memory : table;
        const { exports } = new WebAssembly.Instance(new WebAssembly.Module(of), {
          one: { x },
          two: { x },
        } as WebAssembly.Imports);
        const run = exports.run as (...operands: number[]) => void;
        table.set(1000, run);
        run(...operands);
        const entries = Array.from({ length: ENTRIES }, (_, at) => table.get(at) !== null);
        return [Buffer.from(memory.buffer).toString('base64'), entries];
      };
      const part = what === 'memory' ? PAGE : 1024;
      for (const operands of [
        [100, 0, 3 * part + 7],
        [0, 100, 3 * part + 7],
      ]) {
        expect(copied(withShortBulks(bytes), operands)).to.deep.equal(copied(bytes, operands));
      }
    });
  }

  it('leaves what a module computes as it is, with checks and without', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const bytes = await module(generatedModule(seed));
      const { bytes: checked } = withChecks(bytes, { interrupts: true, metered: true });
      for (const argument of [0, 1, -7]) {
        const was = moduleOutcome(bytes, argument);
        expect(moduleOutcome(withShortBulks(bytes), argument), `seed ${seed}`).to.deep.equal(was);
        const control = new ControlPage();
        control.fuel = 1e9;
        expect(moduleOutcome(withShortBulks(checked), argument, control), `seed ${seed}`).to.deep.equal(was);
      }
    }
  });

  it('refuses a module for which it would have to make too many functions', async () => {
    const segments = (count: number): string =>
      Array.from({ length: count }, (_, index) => `(memory.init $a ${index} ${OPERANDS})`).join('\n');
    const wat = (count: number): string => `(module (memory $a 1) ${'(data "")'.repeat(count)}
      (func (param ${NARROW}) ${segments(count)} ${segments(count)}))`;
    expect(WebAssembly.validate(withShortBulks(await module(wat(4096))))).to.equal(true);
    const tooMany = await module(wat(4097));
    const error = thrown(() => void withShortBulks(tooMany));
    expect(error.code).to.equal('ERR_COMPONENT_TOO_COMPLEX');
    expect(error.limit).to.deep.equal({ name: 'moduleBulkInstructions', value: 4096 });
  });

  it('leaves what is short as it is', async () => {
    const code = '(memory.fill $a (local.get 0) (local.get 1) (i32.const 1000)) (drop (memory.size $a))';
    const bytes = await module(around(code, NARROW));
    expect(withShortBulks(bytes)).to.equal(bytes);
  });
});

describe('a loop around bulk instructions', function () {
  // Without parts, V8's baseline code goes on for 40 s before it looks whether it has to end.
  this.timeout(30_000);
  afterEach(closeEngines);

  for (const [what, instruction] of [
    ['memory.fill', '(memory.fill (i32.const 65536) (i32.const 0) (i32.const 0x1C00000))'],
    ['memory.copy', '(memory.copy (i32.const 65536) (i32.const 65540) (i32.const 0x1C00000))'],
    ['table.fill', '(table.fill $many (i32.const 0) (ref.null func) (i32.const 100000))'],
    ['table.copy', '(table.copy $many $many (i32.const 0) (i32.const 10) (i32.const 100000))'],
  ] as const) {
    it(`ends with its CPU time: ${what}`, async () => {
      const engine = await createEngine({ threads: 1 });
      const wat = corePlugin(() => ({
        definitions: '(table $many 110000 funcref)',
        process: `(drop (memory.grow (i32.const 460))) (loop $ever ${instruction} (br $ever)) unreachable`,
      }));
      await engine.loadPlugin('loops', await plugin(wat), { sandbox: { cpuTimeLimitMs: 50 } });
      expect(await outcome(engine.process('loops', { input: '' }))).to.equal('ERR_CPU_TIME_LIMIT');
      await engine.close();
    });
  }
});
