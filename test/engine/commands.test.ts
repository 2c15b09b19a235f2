import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { component } from '../support/wat.ts';

/** A command that ends by `wasi:cli/exit` with \`ok\` or \`err\`. */
const exits = (status: 'ok' | 'err'): Promise<Uint8Array> =>
  component(`(component
    (import "wasi:cli/exit@0.2.6" (instance $exit (export "exit" (func (param "status" (result))))))
    (alias export $exit "exit" (func $exit'))
    (core func $exit'' (canon lower (func $exit')))
    (core module $m
      (import "" "exit" (func $exit (param i32)))
      (func (export "run") (result i32) (call $exit (i32.const ${status === 'ok' ? 0 : 1})) unreachable))
    (core instance $i (instantiate $m (with "" (instance (export "exit" (func $exit''))))))
    (func $run (result (result)) (canon lift (core func $i "run")))
    (instance $api (export "run" (func $run)))
    (export "wasi:cli/run@0.2.6" (instance $api)))`);

const RUN = 'wasi:cli/run@0.2.6#run';

for (const binding of ['auto', 'glue'] as const) {
  describe(`commands, with the binding ${binding}`, () => {
    let engine: PluginEngine;
    before(async () => {
      engine = await createEngine({ threads: 1, binding });
    });
    after(closeEngines);

    it('have succeeded when they exit with status 0, as often as they are called', async () => {
      await engine.loadPlugin('command', await exits('ok'), { world: 'any' });
      for (let round = 0; round < 3; round++) {
        expect(await engine.call('command', RUN, [])).to.deep.equal({ tag: 'ok', val: undefined });
      }
    });

    it('have failed when they exit with another one', async () => {
      await engine.loadPlugin('failing', await exits('err'), { world: 'any' });
      expect(await rejection(engine.call('failing', RUN, []))).to.include({ code: 'ERR_TRAP', trap: 'exit' });
    });
  });
}
