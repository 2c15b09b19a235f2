import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { proxy } from '../fixtures/proxy.ts';
import { tool } from '../fixtures/tool.ts';
import { closeEngines, collect, createEngine } from '../support/engine.ts';
import { rejection } from '../support/outcome.ts';
import { component } from '../support/wat.ts';

const at = (path: string): string => `http://plugin.example${path}`;

const HANDLE = `
  (core module $m (func (export "handle") (param i32 i32)))
  (core instance $i (instantiate $m))`;
const NUMBERS = `(component ${HANDLE}
  (func $handle (param "a" u32) (param "b" u32) (canon lift (core func $i "handle")))
  (instance $h (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $h)))`;
const OWN_RESOURCES = `(component ${HANDLE}
  (type $t (resource (rep i32)))
  (func $handle (param "a" (own $t)) (param "b" (own $t)) (canon lift (core func $i "handle")))
  (component $c
    (import "thing" (type $x (sub resource)))
    (import "handle" (func $f (param "a" (own $x)) (param "b" (own $x))))
    (export $y "thing" (type $x))
    (export "handle" (func $f) (func (param "a" (own $y)) (param "b" (own $y)))))
  (instance $h (instantiate $c (with "thing" (type $t)) (with "handle" (func $handle))))
  (export "wasi:http/incoming-handler@0.2.0" (instance $h)))`;

for (const binding of ['auto', 'glue'] as const) {
  describe(`engine.fetch, with the binding ${binding}`, () => {
    let engine: PluginEngine;
    before(async () => {
      engine = await createEngine({ threads: 1, binding, isolation: 'none' });
      await engine.loadPlugin('proxy', await proxy());
    });
    after(closeEngines);

    it('answers with a status, headers and a body', async () => {
      const response = await engine.fetch('proxy', at('/hello'));
      expect(response.status).to.equal(200);
      expect(response.headers.get('x-test')).to.equal('y');
      expect(await response.text()).to.equal('hello\n');
    });

    it('has the plugin see the method, the host and the headers of a request', async () => {
      const headers = { 'x-test': 'from the client', host: 'other.example' };
      const response = await engine.fetch('proxy', new Request(at('/about'), { method: 'PUT', headers, body: '' }));
      expect(await response.text()).to.equal('3plugin.examplefrom the client');
    });

    it('takes a response without a body', async () => {
      const response = await engine.fetch('proxy', at('/status'));
      expect(response.status).to.equal(404);
      expect(await response.text()).to.equal('');
    });

    it('leaves out the body of an answer to HEAD', async () => {
      const response = await engine.fetch('proxy', new Request(at('/hello'), { method: 'HEAD' }));
      expect(response.body).to.equal(null);
      expect((await engine.fetch('proxy', at('/hello'))).status).to.equal(200);
    });

    it('streams both bodies: what is sent comes back before all of it was sent', async () => {
      const sent = new TransformStream<Uint8Array, Uint8Array>();
      const writer = sent.writable.getWriter();
      const request = new Request(at('/echo'), { method: 'POST', body: sent.readable, duplex: 'half' } as RequestInit);
      const response = await engine.fetch('proxy', request);
      const reader = response.body!.getReader();
      for (const text of ['one', 'two']) {
        const [{ value }] = await Promise.all([reader.read(), writer.write(new TextEncoder().encode(text))]);
        expect(new TextDecoder().decode(value)).to.equal(text);
      }
      await writer.close();
      expect((await reader.read()).done).to.equal(true);
    });

    it('passes bodies on that no window holds', async () => {
      const bytes = new Uint8Array(2_000_003).map((_, index) => index % 251);
      const response = await engine.fetch('proxy', new Request(at('/echo'), { method: 'POST', body: bytes }));
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).to.equal(true);
    });

    it('serves many on one instance, and each on its own with `fresh`', async () => {
      await engine.loadPlugin('warm', await proxy());
      await engine.loadPlugin('fresh', await proxy(), { sandbox: { instances: 'fresh' } });
      const counts: string[] = [];
      for (const name of ['warm', 'warm', 'fresh', 'fresh'])
        counts.push(await (await engine.fetch(name, at('/count'))).text());
      expect(counts).to.deep.equal(['1', '2', '1', '1']);
    });

    for (const [what, path, code] of [
      ['traps', '/trap', 'ERR_TRAP'],
      ['returns without a response', '/nothing', 'ERR_INVALID_RESPONSE'],
      ['answers with an error', '/decline', 'ERR_INVALID_RESPONSE'],
      ['answers with a status that is no response', '/interim', 'ERR_INVALID_RESPONSE'],
      ['answers with headers without end', '/many', 'ERR_OUTPUT_LIMIT'],
    ] as const) {
      it(`fails when the plugin ${what}`, async () => {
        expect(await rejection(engine.fetch('proxy', at(path)))).to.include({ code });
      });
    }

    for (const [what, path, code] of [
      ['traps', '/late', 'ERR_TRAP'],
      ['leaves it unfinished', '/unfinished', 'ERR_INVALID_RESPONSE'],
      ['writes without end', '/write', 'ERR_OUTPUT_LIMIT'],
    ] as const) {
      it(`has the body fail when the plugin ${what}`, async () => {
        const response = await engine.fetch('proxy', at(path));
        expect(response.status).to.equal(200);
        expect(await rejection(response.text())).to.include({ code });
      });
    }

    it('takes the first answer of a plugin that answers twice', async () => {
      expect((await engine.fetch('proxy', at('/2'))).status).to.equal(200);
    });

    it('keeps a warm instance from writing to a request that is over', async () => {
      await engine.loadPlugin('keeper', await proxy());
      expect(await rejection((await engine.fetch('keeper', at('/keep'))).text())).to.include({
        code: 'ERR_INVALID_RESPONSE',
      });
      // The stream that it has kept is closed, at which this guest traps.
      expect(await rejection(engine.fetch('keeper', at('/keep')))).to.include({ code: 'ERR_TRAP' });
    });

    it('holds a plugin back whose body nobody reads, until its time is up', async () => {
      const ended = engine
        .fetch('proxy', at('/write'), { deadlineMs: 300 })
        .then((response) => response.body!.getReader().closed);
      expect(await rejection(ended)).to.include({ code: 'ERR_DEADLINE' });
    });

    it('keeps the thread of a plugin whose caller goes away while it waits for him', async () => {
      await engine.loadPlugin('left', await proxy());
      const ended = collect(engine, 'worker:terminated');
      const calls = 8;
      for (let call = 0; call < calls; call++) {
        const reader = (await engine.fetch('left', at('/write'))).body!.getReader();
        await reader.read();
        await reader.cancel();
        expect(await (await engine.fetch('left', at('/hello'))).text()).to.equal('hello\n');
      }
      // One that the machine does not let run for long enough costs its thread all the same.
      expect(ended.filter(({ plugin }) => plugin === 'left').length).to.be.lessThan(calls);
    });

    it('ends a plugin that never answers', async () => {
      expect(await rejection(engine.fetch('proxy', at('//'), { deadlineMs: 50 }))).to.include({ code: 'ERR_DEADLINE' });
    });

    it('gives a request up with its signal, and with a body that is cancelled', async () => {
      const controller = new AbortController();
      const response = await engine.fetch('proxy', new Request(at('/write'), { signal: controller.signal }));
      controller.abort();
      expect(await rejection(response.text())).to.include({ code: 'ERR_ABORTED' });
      await (await engine.fetch('proxy', at('/write'))).body!.cancel();
      expect(await (await engine.fetch('proxy', at('/hello'))).text()).to.equal('hello\n');
    });

    it('gives a request up whose body fails', async () => {
      const lost = new Error('the client is gone');
      const body = new ReadableStream({ pull: (controller) => controller.error(lost) });
      const request = new Request(at('/echo'), { method: 'POST', body, duplex: 'half' } as RequestInit);
      const outcome = await engine.fetch('proxy', request).then(
        (response) => rejection(response.text()),
        (error) => error,
      );
      expect(outcome).to.include({ code: 'ERR_ABORTED' });
    });

    it('refuses what is too long for a head', async () => {
      const headers = { 'x-long': 'x'.repeat(70_000) };
      expect(await rejection(engine.fetch('proxy', new Request(at('/hello'), { headers })))).to.include({
        code: 'ERR_INVALID_ARGUMENT',
      });
    });

    it('says of a plugin that is no server what it is', async () => {
      await engine.loadPlugin('tool', await tool());
      const error = await rejection(engine.fetch('tool', at('/')));
      expect(error.code).to.equal('ERR_INVALID_ARGUMENT');
      expect(error.message).to.contain('wasi:cli/run');
    });

    it('refuses what is no request, with an error that tells none of its headers', async () => {
      const read = new Request(at('/echo'), { method: 'POST', body: 'x', headers: { authorization: 'secret' } });
      await read.text();
      for (const [request, options] of [
        ['nonsense', {}],
        [undefined, {}],
        [read, {}],
        [at('/hello'), { signal: 5 }],
        [at('/hello'), null],
      ]) {
        const error = await rejection(engine.fetch('proxy', request as never, options as never));
        expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
        expect(error.message).not.to.contain('secret');
      }
    });

    for (const [what, wat] of [
      ['numbers', NUMBERS],
      ['resources of its own', OWN_RESOURCES],
    ] as const) {
      it(`calls no \`handle\` that takes ${what}`, async () => {
        await engine.loadPlugin(what, await component(wat), { world: 'any' });
        const error = await rejection(engine.fetch(what, at('/')));
        expect(error).to.include({ code: 'ERR_INVALID_ARGUMENT' });
        expect(error.message).to.contain('other types');
      });
    }

    it('answers many at once', async () => {
      const bodies = Array.from({ length: 50 }, (_, index) =>
        engine
          .fetch('proxy', new Request(at('/echo'), { method: 'POST', body: `${index}` }))
          .then((response) => response.text()),
      );
      expect(await Promise.all(bodies)).to.deep.equal(Array.from({ length: 50 }, (_, index) => `${index}`));
    });
  });
}
