import { expect } from 'chai';
import { PluginError } from '../../../src/errors.ts';
import { thrown } from '../../support/outcome.ts';
import { component } from '../../support/wat.ts';
import { direct } from './support/bindings.ts';

type Run = (...values: unknown[]) => unknown;

/** A component with an import \`ping\` and a function \`run\`, which takes and returns strings. */
const pinging = (parts: { realloc?: string; run?: string; post?: string; more?: string }): Promise<Uint8Array> =>
  component(`(component
    (import "ping" (func $ping))
    (core func $ping' (canon lower (func $ping)))
    (core module $m
      (import "" "ping" (func $ping))
      (memory (export "memory") 1)
      ${parts.more ?? ''}
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${parts.realloc ?? '(i32.const 64)'})
      (func (export "post") (param i32) ${parts.post ?? ''})
      (func (export "run") (param i32 i32) (result i32) ${parts.run ?? '(i32.const 16)'}))
    (core instance $i (instantiate $m (with "" (instance (export "ping" (func $ping'))))))
    (func (export "run") (param "text" string) (result string) (canon lift (core func $i "run")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc")) (post-return (core func $i "post")))))`);

describe('trap rules', () => {
  it('an import must not be called while the host allocates', async () => {
    const { run } = (await direct(await pinging({ realloc: '(call $ping) (i32.const 64)' }), { ping: () => {} }))
      .exports;
    expect(() => (run as Run)('x')).to.throw(WebAssembly.RuntimeError, 'cannot leave component instance');
  });

  it('an import must not be called by post-return', async () => {
    const { run } = (await direct(await pinging({ post: '(call $ping)' }), { ping: () => {} })).exports;
    expect(() => (run as Run)('x')).to.throw(WebAssembly.RuntimeError, 'cannot leave component instance');
  });

  it('an import must not call back', async () => {
    let run: Run = () => undefined;
    const ping = (): unknown => run('again');
    const live = await direct(await pinging({ run: '(call $ping) (i32.const 16)' }), { ping });
    run = live.exports.run as Run;
    expect(() => run('x')).to.throw(WebAssembly.RuntimeError, 'cannot enter component instance');
  });

  it('nothing is entered any more after a trap', async () => {
    const { run } = (await direct(await pinging({ run: 'unreachable' }), { ping: () => {} })).exports;
    expect(() => (run as Run)('x')).to.throw(WebAssembly.RuntimeError, 'unreachable');
    expect(() => (run as Run)('x')).to.throw(WebAssembly.RuntimeError, 'cannot enter component instance');
  });

  it('a guest that catches what an import throws does not get away with it', async () => {
    const caught = new PluginError('ERR_HOST_CALL_LIMIT', 'enough');
    const ping = (): never => {
      throw caught;
    };
    const more = '(func $try (block $out (try_table (catch_all $out) (call $ping))))';
    const { run } = (await direct(await pinging({ run: '(call $try) (i32.const 16)', more }), { ping })).exports;
    expect(thrown(() => (run as Run)('x'))).to.equal(caught);
  });

  it('values of the wrong JavaScript type are a TypeError', async () => {
    const { run } = (await direct(await pinging({}), { ping: () => {} })).exports;
    expect(() => (run as Run)(1)).to.throw(TypeError, 'args[0]: expected a string, got 1');
  });

  it('a list whose elements share one region cannot make the host allocate without bound', async () => {
    // 1,024 lists of 64 KiB each in two pages of memory.
    const bytes = await component(`(component
      (core module $m (memory (export "memory") 2)
        (func (export "run") (result i32) (local $i i32)
          (loop $more
            (i32.store (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 8))) (i32.const 0))
            (i32.store (i32.add (i32.const 1028) (i32.mul (local.get $i) (i32.const 8))) (i32.const 65536))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get $i) (i32.const 1024))))
          (i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const 1024))
          (i32.const 16)))
      (core instance $i (instantiate $m))
      (func (export "run") (result (list (list u8))) (canon lift (core func $i "run")
        (memory (core memory $i "memory")))))`);
    const { run } = (await direct(bytes)).exports;
    expect(thrown(() => (run as Run)())).to.include({ code: 'ERR_OUTPUT_LIMIT' });
  });
});
