import { expect } from 'chai';
import { guest } from '../fixtures/core-plugin.ts';
import { configured } from '../fixtures/suppliers.ts';
import { component } from '../support/wat.ts';
import { Workplace } from './cli.ts';

const sums = guest(() =>
  component(`(component
    (core module $m
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "half") (param i32) (result i32) (i32.and (local.get 0) (i32.const 1)))
      (func (export "stop") unreachable))
    (core instance $i (instantiate $m))
    (func $add (param "one" u8) (param "other" u32) (result u32) (canon lift (core func $i "add")))
    (instance $api (export "add" (func $add)))
    (export "acme:sums/api@1.2.0" (instance $api))
    (func (export "check") (param "number" u32) (result (result)) (canon lift (core func $i "half")))
    (func (export "stop") (canon lift (core func $i "stop"))))`),
);

describe('wasm-plugin-pool call', () => {
  const workplace = new Workplace();

  before(async () => {
    await workplace.file('sums.wasm', sums);
    await workplace.file('configured.wasm', configured);
    await workplace.file('config.mjs', 'export default ({ config }) => ({ get: (key) => config[key] });');
    await workplace.file('logging.mjs', 'export const log = () => {};');
  });

  const cases: [args: readonly string[], stdout: string, stderr: RegExp, status: number][] = [
    [['acme:sums/api@1#add', '200', '7'], '207\n', /^$/, 0],
    [['check', '2'], 'ok\n', /^$/, 0],
    [['check', '3'], 'err\n', /^$/, 1],
    [
      ['acme:sums/api#add', '300', '7'],
      '',
      /^error: The argument one: Expected a u8 at character 1, got `300`\..*WAVE/,
      2,
    ],
    [['acme:sums/api#add', '1'], '', /^error: Expected 2 arguments \(one, other\), got 1\.\n$/, 2],
    [['acme:sums/api#sub', '1', '2'], '', /^error: The component exports no function "acme:sums\/api#sub"\./, 2],
    [['stop'], '', /^error: .*\(ERR_TRAP\)/, 1],
  ];
  for (const [args, stdout, stderr, status] of cases) {
    it(`${args.join(' ')} ends with status ${status}`, async () => {
      const ended = await workplace.run(['call', 'sums.wasm', ...args]);
      expect([ended.stdout, ended.status]).to.deep.equal([stdout, status]);
      expect(ended.stderr).to.match(stderr);
    });
  }

  it('takes a string without its quotes, and supplies what the component imports', async () => {
    const imports = ['--import', 'wasi:config/store=config.mjs', '--import', 'wasi:logging/logging=logging.mjs'];
    const { stdout, status } = await workplace.run([
      'call',
      'configured.wasm',
      'look',
      'colour',
      '--config',
      'colour=red "2"',
      ...imports,
    ]);
    expect([stdout, status]).to.deep.equal(['"red \\"2\\""\n', 0]);
  });
});
