import { expect } from 'chai';
import { wired } from '../canonical-abi/runtime/support/wired.ts';
import { linesOf, Workplace } from './cli.ts';

const WIT = `package acme:app@1.0.0;
interface pricing {
  enum kind { plain, gift }
  record order { price: f64, note: option<string>, kind: kind }
  quote: func(order: order) -> result<f64, string>;
  tick: func() -> u32;
  code: func(text: string) -> u32;
  nothing: func(all: tuple<u8, s64, char, list<u16>, result<u8, s8>>);
}
world test { export pricing; }`;

const P = 'acme:app/pricing@1.0.0#';

/** @param code What `code` does with the length of its text in `$n`. */
const pricing = (code: string): Promise<Uint8Array> =>
  wired(
    `(module
      (memory (export "memory") 1) (global $n (mut i32) (i32.const 1024))
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $n) (i32.const 7)) (i32.const -8)))
        (global.set $n (i32.add (local.get $at) (local.get 3))) (local.get $at))
      (func (export "${P}quote") (param f64 i32 i32 i32 i32) (result i32)
        (i32.store (i32.const 0) (i32.const 0)) (f64.store (i32.const 8) (local.get 0)) (i32.const 0))
      (func (export "${P}tick") (result i32) (i32.const 7))
      (func (export "${P}code") (param $p i32) (param $n i32) (result i32) ${code})
      (func (export "${P}nothing") (param i32 i64 i32 i32 i32 i32 i32)))`,
    WIT,
  );

const WORLD = ['--world', 'acme:app/test', '--wit', 'app.wit'];

describe('wasm-plugin-pool conformance --wit', () => {
  const workplace = new Workplace();

  before(() => workplace.file('app.wit', WIT));

  it('calls every function of a component for a world of its own', async () => {
    await workplace.file('good.wasm', () => pricing('(local.get $n)'));
    const { status, stdout } = await workplace.run(['conformance', 'good.wasm', ...WORLD]);
    const lines = linesOf(stdout);
    expect(lines).to.include.members([
      '✓ contract       implements acme:app/test',
      '✓ answers        4 calls of 4 functions returned',
      '✓ stable-output  4 functions gave equal results twice',
      '✓ odd-input      8 calls of 4 functions returned',
      '- metadata       it is asked of plugins of the contract',
    ]);
    expect(lines.at(-1)).to.equal('good.wasm conforms: 5 passed, 7 skipped');
    expect(status).to.equal(0);
  });

  it('says which function traps with what', async () => {
    const code = '(if (i32.eqz (local.get $n)) (then unreachable)) (local.get $n)';
    await workplace.file('traps.wasm', () => pricing(code));
    const { status, stdout } = await workplace.run(['conformance', 'traps.wasm', ...WORLD, '--json']);
    const { conforms, findings } = JSON.parse(stdout) as {
      conforms: boolean;
      findings: { check: string; status: string; details?: string[] }[];
    };
    const odd = findings.find(({ check }) => check === 'odd-input')!;
    expect({ status, conforms, odd: odd.status }).to.deep.equal({ status: 1, conforms: false, odd: 'failed' });
    expect(odd.details).to.deep.equal([`"${P}code" with empty arguments: The plugin trapped: unreachable (ERR_TRAP)`]);
  });

  it('fails what is for another world, and wrong usage with 2', async () => {
    await workplace.file('other.wit', WIT.replace('tick: func() -> u32', 'tick: func() -> string'));
    await workplace.file('good.wasm', () => pricing('(local.get $n)'));
    const args = ['conformance', 'good.wasm', '--world', 'acme:app/test'];
    const other = await workplace.run([...args, '--wit', 'other.wit']);
    expect(other.status).to.equal(1);
    expect(other.stdout).to.match(/✗ contract {7}does not fit the world\n {4}ERR_INCOMPATIBLE_WIT: .*tick/);
    const half = await workplace.run(args);
    expect([half.status, half.stderr.includes('come together')]).to.deep.equal([2, true]);
  });
});
