import { expect } from 'chai';
import { PluginInstance } from '../../src/instance/plugin-instance.ts';
import { createRuntime } from '../../src/instance/runtime.ts';
import { rejection, thrown } from '../support/outcome.ts';
import { component, plugin } from '../support/wat.ts';
import { fullPlugin, launch as launchBound, REALLOC, respond } from '../workers/guest.ts';

const NO_OPTIONS = [] as const;

/** Echoes its input. */
const ECHO = respond('(local.get $input)', '(local.get $length)');

for (const binding of ['direct', 'glue'] as const) {
  describe(`PluginInstance, bound by ${binding}`, () => {
    const launch: typeof launchBound = (bytes, options) => launchBound(bytes, { ...options, binding });
    describe('plugin-world', () => {
      it('passes input in and output out, BMP and beyond, U+FEFF and NUL included', async () => {
        const { instance } = await launch(await fullPlugin({ process: ECHO }));
        for (const text of ['', 'a', '\u{feff}mark', 'nul \0 nul', 'ä€𝄞', 'x'.repeat(50_000)]) {
          expect(instance.process(text, NO_OPTIONS)).to.deep.equal({ output: text, success: true });
        }
        expect(instance.state).to.equal('ready');
      });

      it('passes text in where the encoder of Node 25.4 and later stops early (nodejs/node#65994)', async () => {
        const { instance } = await launch(await fullPlugin({ process: ECHO }));
        const text = ')0/4000 0000 0000 000240000000000000024000–0000–0000–0002 𐀀Ѐ';
        expect(instance.process(text, NO_OPTIONS).output).to.equal(text);
      });

      it('passes options in', async () => {
        // The output is the value of the second option: its pointer and length are at 24 and 28 of the list.
        const process = respond(
          '(i32.load offset=24 (local.get $options))',
          '(i32.load offset=28 (local.get $options))',
        );
        const { instance } = await launch(await fullPlugin({ process }));
        const options = [
          ['a', 'first'],
          ['b', 'second ü'],
        ] as const;
        expect(instance.process('', options).output).to.equal('second ü');
      });

      it('passes success and the error message out', async () => {
        const process = `(i32.store8 (i32.const 520) (i32.const 0)) (i32.store8 (i32.const 524) (i32.const 1))
        (i32.store (i32.const 528) (i32.const 1024)) (i32.store (i32.const 532) (i32.const 4)) (i32.const 512)`;
        const { instance } = await launch(await fullPlugin({ process, more: '(data (i32.const 1024) "oops")' }));
        expect(instance.process('', NO_OPTIONS)).to.deep.equal({ output: '', success: false, errorMessage: 'oops' });
      });

      it('tells the metadata', async () => {
        const metadata = `(i32.store (i32.const 640) (i32.const 1024)) (i32.store (i32.const 644) (i32.const 4))
        (i32.store (i32.const 648) (i32.const 1028)) (i32.store (i32.const 652) (i32.const 5)) (i32.const 640)`;
        const { instance } = await launch(await fullPlugin({ metadata, more: '(data (i32.const 1024) "name1.2.3")' }));
        expect(instance.metadata()).to.deep.equal({ name: 'name', version: '1.2.3', description: '' });
      });

      it('gives initialize the configuration', async () => {
        // Keeps the value of the first pair; process returns it.
        const { instance } = await launch(
          await fullPlugin({
            initialize: `(global.set $at (i32.load offset=8 (local.get $config)))
            (global.set $bytes (i32.load offset=12 (local.get $config))) (i32.const 600)`,
            process: respond('(global.get $at)', '(global.get $bytes)'),
            more: '(global $at (mut i32) (i32.const 0)) (global $bytes (mut i32) (i32.const 0))',
          }),
          { config: [['mask', '*#*']] },
        );
        instance.initialize();
        expect(instance.process('', NO_OPTIONS).output).to.equal('*#*');
      });

      it('calls post-return', async () => {
        const { instance } = await launch(
          await fullPlugin({
            process: `(i32.store8 (i32.const 1024) (i32.add (i32.const 48) (global.get $returned))) ${respond(1024, 1)}`,
            postReturn: '(global.set $returned (i32.add (global.get $returned) (i32.const 1)))',
            more: '(global $returned (mut i32) (i32.const 0))',
          }),
        );
        const outputs = [1, 2, 3].map(() => instance.process('', NO_OPTIONS).output);
        expect(outputs).to.deep.equal(['0', '1', '2']);
      });

      it('is dead after shutdown', async () => {
        const { instance } = await launch(await fullPlugin());
        expect(instance.shutdown()).to.equal(undefined);
        expect(instance.state).to.equal('dead');
        const error = thrown(() => instance.process('', NO_OPTIONS));
        expect(error).to.include({ code: 'ERR_TRAP', trap: 'cannot-enter' });
      });

      it('hands back the err of shutdown', async () => {
        const { instance } = await launch(
          await fullPlugin({ shutdown: refuse(1024, 4), more: '(data (i32.const 1024) "busy")' }),
        );
        expect(instance.shutdown()).to.equal('busy');
        expect(instance.state).to.equal('dead');
      });
    });

    describe('plugin-v1', () => {
      it('has no options, no metadata, no initialize and no shutdown', async () => {
        const { instance } = await launch(
          await smallPlugin('plugin-v1', '(param $input i32) (param $length i32)', respond1),
        );
        instance.initialize();
        expect(instance.process('héllo', [['dropped', 'x']])).to.deep.equal({ output: 'héllo', success: true });
        expect(instance.metadata()).to.equal(undefined);
        expect(instance.shutdown()).to.equal(undefined);
        expect(instance.state).to.equal('dead');
      });
    });

    describe('plugin-v2', () => {
      const params = '(param $input i32) (param $length i32) (param $options i32) (param $count i32)';

      it('returns the ok', async () => {
        const { instance } = await launch(
          await smallPlugin(
            'plugin-v2',
            params,
            `(i32.store8 (i32.const 512) (i32.const 0)) (i32.store (i32.const 516) (local.get $input))
           (i32.store (i32.const 520) (local.get $length)) (i32.const 512)`,
          ),
        );
        expect(instance.process('héllo', [['a', 'b']])).to.deep.equal({ output: 'héllo', success: true });
      });

      it('turns the err into success: false, and lives on', async () => {
        const { instance } = await launch(
          await smallPlugin(
            'plugin-v2',
            params,
            `(i32.store8 (i32.const 512) (i32.const 1)) (i32.store (i32.const 516) (local.get $input))
           (i32.store (i32.const 520) (local.get $length)) (i32.const 512)`,
          ),
        );
        for (const message of ['no', '', 'nö']) {
          expect(instance.process(message, NO_OPTIONS)).to.deep.equal({
            output: '',
            success: false,
            errorMessage: message,
          });
        }
        expect(instance.state).to.equal('ready');
      });
    });

    describe('faults', () => {
      it('invariant 7: any end but a return or a WIT error kills the instance', async () => {
        const { instance } = await launch(await fullPlugin({ process: 'unreachable' }));
        expect(thrown(() => instance.process('', NO_OPTIONS)).code).to.equal('ERR_TRAP');
        expect(instance.state).to.equal('dead');
        expect(thrown(() => instance.metadata())).to.include({ code: 'ERR_TRAP', trap: 'cannot-enter' });
        expect(thrown(() => instance.shutdown())).to.include({ code: 'ERR_TRAP', trap: 'cannot-enter' });
      });

      it('initialize: an err says why, on one line', async () => {
        const { instance } = await launch(
          await fullPlugin({ initialize: refuse(1024, 9), more: '(data (i32.const 1024) "bad\\nvalue")' }),
        );
        const error = thrown(() => instance.initialize());
        expect(error.code).to.equal('ERR_INITIALIZE_FAILED');
        expect(error.message).to.equal('The plugin refused to start: bad\\u{a}value');
        expect(instance.state).to.equal('dead');
      });

      it('initialize: a trap is the cause', async () => {
        const { instance } = await launch(await fullPlugin({ initialize: 'unreachable' }));
        const error = thrown(() => instance.initialize());
        expect(error).to.include({ code: 'ERR_INITIALIZE_FAILED', trap: 'unreachable' });
        expect(error.cause).to.include({ code: 'ERR_TRAP', trap: 'unreachable' });
        expect(instance.state).to.equal('dead');
      });

      it('a start function that traps is ERR_INITIALIZE_FAILED', async () => {
        const bytes = await fullPlugin({ more: '(func $start unreachable) (start $start)' });
        const error = await rejection(launch(bytes));
        expect(error).to.include({ code: 'ERR_INITIALIZE_FAILED', trap: 'unreachable' });
        expect(error.message).to.match(/^The plugin failed during instantiation: The plugin trapped: /);
      });

      it('a data segment that lies outside of the memory is ERR_INITIALIZE_FAILED', async () => {
        const bytes = await fullPlugin({ more: '(data (i32.const 65535) "too long")' });
        const error = await rejection(launch(bytes));
        expect(error).to.include({ code: 'ERR_INITIALIZE_FAILED', trap: 'out-of-bounds-memory' });
      });

      it('refuses to be entered from one of its own host calls', async () => {
        let reenter: () => unknown = () => undefined;
        const wasi = { 'wasi:random/random': { getRandomU64: () => reenter() } };
        const { instance } = await launch(await pluginThatCallsWasi(), { wasi });
        reenter = () => instance.process('', NO_OPTIONS);
        const error = thrown(() => instance.process('', NO_OPTIONS));
        expect(error).to.include({ code: 'ERR_TRAP', trap: 'cannot-enter' });
        expect(error.message).to.equal('The plugin was called while it was running');
        expect(instance.state).to.equal('dead');
      });
    });

    describe('imports', () => {
      it('gives all releases of a WASI interface that a component imports to the one implementation', async () => {
        const release = (version: string) => `(import "wasi:random/random@${version}" (instance $r-${version}
        (export "get-random-u64" (func (result u64)))))
        (core func $${version} (canon lower (func $r-${version} "get-random-u64")))`;
        const bytes = await component(`(component
        ${release('0.2.0')} ${release('0.2.6')}
        (core module $main (import "a" "old" (func $old (result i64))) (import "a" "new" (func $new (result i64)))
          (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
          (func (export "process") (param i32 i32) (result i32)
            (i64.store8 (i32.const 1024) (call $old)) (i64.store8 (i32.const 1025) (call $new))
            (i32.store (i32.const 512) (i32.const 1024)) (i32.store (i32.const 516) (i32.const 2)) (i32.const 512)))
        (core instance $i (instantiate $main
          (with "a" (instance (export "old" (func $0.2.0)) (export "new" (func $0.2.6))))))
        (alias core export $i "memory" (core memory $memory))
        (alias core export $i "realloc" (core func $realloc))
        (alias core export $i "process" (core func $core-process))
        (func $process (param "input" string) (result string)
          (canon lift (core func $core-process) (memory $memory) (realloc $realloc)))
        (instance $api (export "process" (func $process)))
        (export "toolsku:plugin-system/plugin-api-v1@1.0.0" (instance $api)))`);
        let next = 65n;
        const { instance, definition } = await launch(bytes, {
          wasi: { 'wasi:random/random': { getRandomU64: () => next++ } },
        });
        expect(definition.contract.wasi).to.deep.equal(['wasi:random/random@0.2.0', 'wasi:random/random@0.2.6']);
        expect(instance.process('', NO_OPTIONS).output).to.equal('AB');
      });

      it('ERR_LINK for a core module that is not the one that was compiled', async () => {
        const { definition, context } = await launch(await fullPlugin());
        for (const wat of [
          '(module (import "nobody" "offers" (func)))',
          '(module (import "toolsku:plugin-system/host-api@1.0.0" "get-config" (func (param f64))))',
        ]) {
          const modules = new Map(definition.modules);
          modules.set(
            binding === 'glue' ? 'plugin.core.wasm' : 'core-0',
            new WebAssembly.Module((await component(wat)) as Uint8Array<ArrayBuffer>),
          );
          const damaged = { ...definition, modules };
          const error = thrown(
            () => new PluginInstance(damaged, createRuntime(damaged), { context, wasi: undefined, stackBytes: 0 }),
          );
          expect(error.code).to.equal('ERR_LINK');
          expect(error.message).to.match(/^The parts of the component do not fit together: Import #0 /);
        }
      });
    });

    describe('limits', () => {
      it('maxOutputBytes counts UTF-8 bytes of output and error message together', async () => {
        const { instance } = await launch(await fullPlugin({ process: ECHO }), { policy: { maxOutputBytes: 6 } });
        expect(instance.process('€€', NO_OPTIONS).output).to.equal('€€');
        const error = thrown(() => instance.process('€€!', NO_OPTIONS));
        expect(error.code).to.equal('ERR_OUTPUT_LIMIT');
        expect(error.limit).to.deep.equal({ name: 'maxOutputBytes', value: 6 });
        expect(error.message).to.equal('The plugin handed the host 7 bytes of text; its limit is 6 bytes');
        expect(instance.state).to.equal('dead');
      });

      it('maxOutputBytes is checked before a string of the host is made of it', async () => {
        const { instance } = await launch(
          await fullPlugin({ process: respond(0, 64 * 65536), memory: '(memory (export "memory") 64)' }),
          { policy: { maxOutputBytes: 1024 * 1024 } },
        );
        const error = thrown(() => instance.process('', NO_OPTIONS));
        expect(error.code).to.equal('ERR_OUTPUT_LIMIT');
        expect(error.message).to.equal('The plugin handed the host 4194304 bytes of text; its limit is 1048576 bytes');
      });

      it('maxOutputBytes holds for get-metadata', async () => {
        const metadata = `(i32.store (i32.const 640) (i32.const 1024)) (i32.store (i32.const 644) (i32.const 1000))
        (i32.const 640)`;
        const { instance } = await launch(await fullPlugin({ metadata }), { policy: { maxOutputBytes: 999 } });
        expect(thrown(() => instance.metadata()).code).to.equal('ERR_OUTPUT_LIMIT');
        expect(instance.state).to.equal('dead');
      });
    });
  });
}

/** The result of `initialize` and `shutdown` at 600: an err. */
function refuse(pointer: number, length: number): string {
  return `(i32.store8 (i32.const 600) (i32.const 1)) (i32.store (i32.const 604) (i32.const ${pointer}))
    (i32.store (i32.const 608) (i32.const ${length})) (i32.const 600)`;
}

const respond1 = `(i32.store (i32.const 512) (local.get $input)) (i32.store (i32.const 516) (local.get $length))
  (i32.const 512)`;

function smallPlugin(world: 'plugin-v1' | 'plugin-v2', params: string, process: string): Promise<Uint8Array> {
  const name = world === 'plugin-v1' ? 'plugin-api-v1' : 'plugin-api-v2';
  return plugin(
    `(module (memory (export "memory") 1)
      (func (export "cabi_realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
        ${REALLOC})
      (global $free (mut i32) (i32.const 8192))
      (func (export "toolsku:plugin-system/${name}@1.0.0#process") ${params} (result i32) ${process}))`,
    world,
  );
}

/** Its `process` makes one call to the host, which returns a plain value and has no way to return an error. */
function pluginThatCallsWasi(): Promise<Uint8Array> {
  return plugin(
    `(module (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
      (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))
      (func (export "toolsku:plugin-system/plugin-api-v1@1.0.0#process") (param i32 i32) (result i32)
        (drop (call $random)) (i32.const 512)))`,
    'test',
    `package test:test;
     package wasi:random@0.2.0 { interface random { get-random-u64: func() -> u64; } }
     package toolsku:plugin-system@1.0.0 { interface plugin-api-v1 { process: func(input: string) -> string; } }
     world test { import wasi:random/random@0.2.0; export toolsku:plugin-system/plugin-api-v1@1.0.0; }`,
  );
}
