import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { expect } from 'chai';
import { parseCoreModule } from '../../src/component/core-module.ts';
import type { PluginError } from '../../src/errors.ts';
import { formatFrame } from '../../src/text/wasm-frame.ts';
import { corePlugin } from '../fixtures/core-plugin.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { contractWit } from '../support/wat.ts';
import { customSection, program, unitV4 } from './assembler.ts';

/** What is constant in front of the instruction that traps, so that it can be found in the binary. */
const MARK = [0x41, 0xed, 0xbd, 0xd1, 0x02, 0x1a]; // (drop (i32.const 5529325))
const TRAP = `(drop (i32.const ${0xed - 0x80 + (0x3d << 7) + (0x51 << 14) + (2 << 21)})) unreachable`;

/** A plugin that grows its memory before and between calls that end in a trap, with lines that make.up adds. */
async function trappingPlugin(
  lines: (code: { start: number; end: number }) => number[],
  initialize?: string,
): Promise<{ bytes: Uint8Array; trapsAt: number }> {
  const core = await parse(
    corePlugin({
      definitions: `
        (func $inner (param i32) (result i32) (drop (memory.grow (i32.const 1))) ${TRAP})
        (func $outer (param i32) (result i32)
          (drop (memory.grow (i32.const 0))) (drop (memory.grow (i32.const 0))) (i32.add (call $inner (local.get 0)) (i32.const 1)))`,
      process: '(call $outer (local.get $n))',
      ...(initialize !== undefined && { initialize }),
    }),
  );
  const whole = { start: 0, end: core.length };
  const code = parseCoreModule(core, whole, whole).sections.get(10)!.content;
  const trapsAt = Buffer.from(core).indexOf(Buffer.from(MARK)) + MARK.length - code.start;
  const binary = Uint8Array.from([...core, ...customSection('.debug_line', lines(code))]);
  const embedded = await componentEmbed({ binary, witSource: contractWit, world: 'plugin-world' });
  return { bytes: await componentNew(embedded, []), trapsAt };
}

/** A line table in which every byte of the code is a line of its own, whose number is its offset. */
const everyByte = ({ start, end }: { start: number; end: number }): number[] => {
  const rows = Array.from({ length: end - start - 1 }, (_, place) => ({ address: place + 1, line: place + 1 }));
  return unitV4('/home/a\u001b[31m', [['./plugin.c', 1]], program(rows, end - start));
};

describe('the backtrace of a trap', function () {
  this.timeout(60_000);
  after(closeEngines);

  for (const [what, maxMemoryBytes] of [
    ['whose code is as it was', 2 ** 32],
    ['whose code was changed to report a lack of memory', 2 ** 20],
  ] as const) {
    it(`has the lines of a component ${what}`, async () => {
      const { bytes, trapsAt } = await trappingPlugin(everyByte);
      const engine = await createEngine({ threads: 1, maxTotalMemoryBytes: 2 ** 34 });
      await engine.loadPlugin('plugin', bytes, { sandbox: { maxMemoryBytes } });
      const error = await rejection(engine.process('plugin', { input: 'x' }));
      expect([error.code, error.trap]).to.deep.equal(['ERR_TRAP', 'unreachable']);
      const [inner, outer, process] = error.backtrace!;
      expect([inner, outer].map((frame) => frame?.function)).to.deep.equal(['inner', 'outer']);
      expect(inner).to.include({ line: trapsAt, file: '/home/a\\u{1b}[31m/plugin.c' });
      // The call of $inner, behind two places where memory grows; process calls $outer.
      expect(outer!.line).to.be.greaterThan(trapsAt);
      expect(process!.line).to.be.greaterThan(outer!.line!);
      expect(formatFrame(inner!)).to.equal(`inner (/home/a\\u{1b}[31m/plugin.c:${trapsAt})`);
      // It is data that a log can take.
      expect(JSON.parse(JSON.stringify(error)).backtrace[0].line).to.equal(trapsAt);
    });
  }

  it('has the lines of what traps in initialize, as the error behind it has', async () => {
    const { bytes, trapsAt } = await trappingPlugin(everyByte, '(call $outer (i32.const 0))');
    const engine = await createEngine({ threads: 1 });
    const error = await rejection(engine.loadPlugin('plugin', bytes));
    expect(error.code).to.equal('ERR_INITIALIZE_FAILED');
    const { backtrace } = error.cause as PluginError;
    expect(backtrace?.[0]).to.include({ function: 'inner', line: trapsAt });
    expect(error.backtrace).to.deep.equal(backtrace);
  });

  it('says the same whether the code was changed or not', async () => {
    const { bytes } = await trappingPlugin(everyByte);
    const engine = await createEngine({ threads: 1, maxTotalMemoryBytes: 2 ** 34 });
    const lines: (number | undefined)[][] = [];
    for (const maxMemoryBytes of [2 ** 20, 2 ** 32]) {
      await engine.loadPlugin(`${maxMemoryBytes}`, bytes, { sandbox: { maxMemoryBytes } });
      const error = await rejection(engine.process(`${maxMemoryBytes}`, { input: 'x' }));
      lines.push(error.backtrace!.map(({ line }) => line));
    }
    expect(lines[0]).to.deep.equal(lines[1]);
  });

  it('has none where the section is nonsense', async () => {
    const { bytes } = await trappingPlugin(() => Array.from({ length: 400 }, (_, place) => (place * 37) & 0xff));
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', bytes);
    const { backtrace } = await rejection(engine.process('plugin', { input: 'x' }));
    expect(backtrace![0]).to.include({ function: 'inner' }).and.not.have.property('line');
  });
});
