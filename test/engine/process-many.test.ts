import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { ProcessManyResult } from '../../src/request/many.ts';
import { echo } from '../fixtures/echo.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { rejection, seeded, until } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const codes = (results: readonly ProcessManyResult[]): string[] =>
  results.map((result) => (result.ok ? 'ok' : result.error.code));

/** How often each input was begun: the guest says so before it does anything else. */
function counting(engine: PluginEngine): Map<string, number> {
  const begun = new Map<string, number>();
  engine.on('plugin:event', ({ type }) => begun.set(type, (begun.get(type) ?? 0) + 1));
  return begun;
}

const inputs = (count: number, text: (index: number) => string): { readonly input: string }[] =>
  Array.from({ length: count }, (_, index) => ({ input: text(index) }));

describe('engine.processMany', function () {
  this.timeout(60_000);
  after(closeEngines);

  it('answers in the order of the requests, whatever they say', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('echo', await echo());
    const random = seeded(7);
    const texts = Array.from({ length: 3000 }, (_, index) => {
      const part = random.pick(['', 'a', 'é', '💥', '\0', 'long '.repeat(40)] as const);
      return `${part.repeat(random.below(4))}${index % 7 === 0 ? '' : index}`;
    });
    const results = await engine.processMany(
      'echo',
      texts.map((input) => ({ input })),
    );
    expect(results).to.deep.equal(texts.map((output) => ({ ok: true, output, success: true })));
  });

  it('gives plugins their options, and takes refusals and messages for answers', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('echo', await echo());
    const asked = [
      { input: 'option', options: [['ä', 'b']] as const },
      { input: 'option', options: { x: '1', y: '' } },
      { input: 'fail' },
      { input: 'x' },
    ];
    const single = await Promise.all(asked.map((request) => engine.process('echo', request)));
    const many = await engine.processMany('echo', asked);
    expect(many).to.deep.equal(single.map((response) => ({ ok: true, ...response })));
  });

  it('takes packed inputs and gives packed outputs', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('echo', await echo());
    const texts = Array.from({ length: 9000 }, (_, index) => `${index}é`.repeat(index % 9));
    let end = 0;
    const ends = texts.map((text) => {
      end += Buffer.byteLength(text);
      return end;
    });
    const results = await engine.processMany('echo', { bytes: Buffer.from(texts.join('')), ends });
    expect(Buffer.from(results.bytes).toString()).to.equal(texts.join(''));
    expect([...results.ends]).to.deep.equal(ends);
    expect(results.success.every((success) => success === 1)).to.equal(true);
    expect(results.errors.size + results.messages.size).to.equal(0);
  });

  it('takes what is too large for a block, in its place', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('echo', await echo(), { sandbox: { maxOutputBytes: 4 * 1024 * 1024 } });
    const sizes = [10, 300_000, 20, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 200_000, 5];
    const texts = sizes.map((size, index) => String(index % 10).repeat(size));
    const results = await engine.processMany(
      'echo',
      texts.map((input) => ({ input })),
    );
    expect(results.map((result) => result.ok && result.output)).to.deep.equal(texts);
  });

  it('has requests that fail or are killed cost only themselves, and runs none twice', async () => {
    const engine = await createEngine({ threads: 2 });
    const begun = counting(engine);
    await engine.loadPlugin('witness', await witness(), { sandbox: { cpuTimeLimitMs: 60 } });
    const random = seeded(3);
    const expected = { s: 'ERR_CPU_TIME_LIMIT', t: 'ERR_TRAP', e: 'ok', b: 'ok' } as const;
    for (let round = 0; round < 4; round++) {
      const kinds = Array.from({ length: 300 }, () =>
        random.pick(['e', 'e', 'e', 'e', 'e', 'e', 'e', 'e', 't'] as const),
      );
      const all: (keyof typeof expected)[] = [...kinds.slice(0, 140), 's', ...kinds.slice(140), 's', 'b'];
      const texts = all.map((kind, index) => `${kind}-${round}-${index}`);
      const results = await engine.processMany(
        'witness',
        inputs(all.length, (index) => texts[index]!),
      );
      for (const [index, kind] of all.entries()) {
        const result = results[index]!;
        expect([texts[index], codes([result])[0], begun.get(texts[index]!)]).to.deep.equal([
          texts[index],
          expected[kind],
          1,
        ]);
        if (result.ok) expect(result.output).to.equal(texts[index]);
        else expect([result.error.plugin, result.error.began]).to.deep.equal(['witness', true]);
      }
    }
    const { errors, calls } = engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === 'witness')!;
    expect(errors).to.deep.equal({ ERR_TRAP: errors.ERR_TRAP, ERR_CPU_TIME_LIMIT: 8 });
    expect(calls).to.equal(4 * 303);
  });

  it('never begins what was given up before it began', async () => {
    const engine = await createEngine({ threads: 2 });
    const begun = counting(engine);
    await engine.loadPlugin('witness', await witness(), { sandbox: { cpuTimeLimitMs: 60_000 } });
    const controller = new AbortController();
    const texts = Array.from({ length: 2000 }, (_, index) => `${index === 500 ? 's' : 'e'}-${index}`);
    const many = engine.processMany(
      'witness',
      inputs(2000, (index) => texts[index]!),
      { signal: controller.signal },
    );
    await until(() => begun.has('s-500'));
    await until(() => engine.status().queued === 0);
    controller.abort();
    const results = await many;
    expect(codes(results).filter((code) => code === 'ERR_ABORTED')).to.have.length(1);
    expect([...begun.values()].every((times) => times === 1)).to.equal(true);

    const before = begun.size;
    const aborted = await engine.processMany(
      'witness',
      inputs(2000, (index) => `e+${index}`),
      {
        signal: AbortSignal.abort(),
      },
    );
    expect(new Set(codes(aborted))).to.deep.equal(new Set(['ERR_ABORTED']));
    const late = new AbortController();
    const waits = engine.processMany(
      'witness',
      inputs(6000, (index) => `b+${index}`),
      { signal: late.signal },
    );
    await until(() => begun.size > before);
    late.abort();
    const given = await waits;
    const ran = begun.size - before;
    expect(ran).to.be.below(6000);
    let unseen = 0;
    for (const [index, result] of given.entries()) {
      const seen = begun.get(`b+${index}`) ?? 0;
      if (result.ok) {
        expect(seen).to.equal(1);
        continue;
      }
      expect(result.error.code).to.equal('ERR_ABORTED');
      if (result.error.began) unseen += 1 - seen;
      else expect(seen).to.equal(0);
    }
    // What had begun when its thread was ended may not have got as far as saying so.
    expect(unseen).to.be.within(0, 2);
  });

  it('holds each request to the deadline', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('witness', await witness(), { sandbox: { cpuTimeLimitMs: 60_000 } });
    // An instance that is there already: a busy machine may take longer than the deadline to make one.
    await engine.process('witness', { input: 'e' });
    const results = await engine.processMany(
      'witness',
      inputs(100, (index) => (index === 10 ? 's' : `e${index}`)),
      { deadlineMs: 1_500 },
    );
    expect(codes(results)[10]).to.equal('ERR_DEADLINE');
    expect(codes(results.slice(0, 10))).to.deep.equal(new Array(10).fill('ok'));
    expect((await engine.process('witness', { input: 'e' })).output).to.equal('e');
  });

  it('takes no more than the queue may hold', async () => {
    const engine = await createEngine({ threads: 1, queueLimit: 100 });
    await engine.loadPlugin('witness', await witness());
    const [refused, waited] = await Promise.all([
      engine.processMany(
        'witness',
        inputs(1000, (index) => `${index === 0 ? 'b' : 'e'}${index}`),
        { whenFull: 'reject' },
      ),
      engine.processMany(
        'witness',
        inputs(300, (index) => `e${index}`),
        { whenFull: 'wait' },
      ),
    ]);
    expect(codes(refused).filter((code) => code === 'ok')).to.have.length(100);
    expect(new Set(codes(refused.slice(100)))).to.deep.equal(new Set(['ERR_QUEUE_FULL']));
    expect(new Set(codes(waited))).to.deep.equal(new Set(['ok']));
    expect(engine.status().queued).to.equal(0);
  });

  it('lets other plugins have their turn', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('busy', await witness());
    await engine.loadPlugin('other', await echo());
    let isOver = false;
    const many = engine
      .processMany(
        'busy',
        inputs(200, (index) => `b${index}`),
      )
      .then(() => {
        isOver = true;
      });
    for (let turn = 0; turn < 5; turn++) await engine.process('other', { input: 'x' });
    expect(isOver).to.equal(false);
    await many;
  });

  it('finishes on the old version when the plugin is reloaded, and fails when it is unloaded or closed by force', async () => {
    const engine = await createEngine({ threads: 2 });
    const begun = counting(engine);
    await engine.loadPlugin('witness', await witness(), { version: '1' });
    const many = engine.processMany(
      'witness',
      inputs(500, (index) => `${index % 20 === 0 ? 'b' : 'e'}${index}`),
    );
    await until(() => begun.size > 0);
    await engine.reloadPlugin('witness', await witness(), { version: '2' });
    expect(new Set(codes(await many))).to.deep.equal(new Set(['ok']));
    const gone = engine.processMany(
      'witness',
      inputs(500, (index) => (index === 3 ? 's' : `b-${index}`)),
    );
    await until(() => begun.has('s'));
    await engine.unloadPlugin('witness', { force: true });
    expect(codes(await gone)).to.include('ERR_PLUGIN_NOT_FOUND');

    await engine.loadPlugin('witness', await witness());
    const last = engine.processMany(
      'witness',
      inputs(9000, (index) => `b=${index}`),
    );
    await until(() => begun.has('b=0'));
    await engine.close({ force: true });
    const results = await last;
    expect(codes(results)).to.include('ERR_ENGINE_CLOSED');
    expect(results).to.have.length(9000);
    for (const [index, result] of results.entries()) {
      // One that had begun may not have come to saying so.
      const times = begun.get(`b=${index}`) ?? 0;
      if (result.ok) expect(times, String(index)).to.equal(1);
      else expect(times, String(index)).to.be.at.most(1);
    }
  });

  it('asks the version that is named, and goes one by one where a canary or a failure policy looks at each', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('echo', await echo(), { version: '1', config: { prefix: 'one-' } });
    await engine.versions('echo').load(await echo(), { version: '2', config: { prefix: 'two-' } });
    const two = await engine.processMany('echo', inputs(3, String), { version: '2' });
    expect(two.map((result) => result.ok && result.output)).to.deep.equal(['two-0', 'two-1', 'two-2']);
    engine.versions('echo').deployCanary('2', 50);
    const both = await engine.processMany('echo', inputs(400, String));
    const share = both.filter((result) => result.ok && result.output.startsWith('two-')).length;
    expect(share).to.be.within(100, 300);

    await engine.loadPlugin('fragile', await witness(), { failurePolicy: { maxFailures: 2 } });
    const failing = await engine.processMany(
      'fragile',
      inputs(300, (index) => `t${index}`),
    );
    expect(codes(failing)).to.include('ERR_TRAP').and.to.include('ERR_PLUGIN_QUARANTINED');
  });

  it('says what is wrong with a request in its place, and with all of them at once', async () => {
    const engine = await createEngine();
    await engine.loadPlugin('echo', await echo());
    const results = await engine.processMany('echo', [{ input: 'a' }, { input: 1 as never }, { input: 'c' }]);
    expect(codes(results)).to.deep.equal(['ok', 'ERR_INVALID_ARGUMENT', 'ok']);
    expect(await engine.processMany('echo', [])).to.deep.equal([]);
    expect((await engine.processMany('echo', { bytes: Buffer.of(), ends: [] })).ends).to.have.length(0);
    for (const [requests, message] of [
      ['x', 'requests'],
      [{ bytes: 'x', ends: [1] }, 'requests.bytes'],
      [{ bytes: Buffer.from('é'), ends: [1, 2] }, 'requests.ends[0]'],
      [{ bytes: Buffer.from('ab'), ends: [2, 1] }, 'requests.ends[1]'],
      [{ bytes: Buffer.from('ab'), ends: [3] }, 'requests.ends[0]'],
      [{ bytes: Buffer.of(0xff), ends: [1] }, 'requests.bytes'],
    ] as const) {
      const error = await rejection(engine.processMany('echo', requests as never));
      expect([error.code, error.message.includes(message)], message).to.deep.equal(['ERR_INVALID_ARGUMENT', true]);
    }
    expect((await rejection(engine.processMany('nobody', []))).code).to.equal('ERR_PLUGIN_NOT_FOUND');
    const named = engine.processMany('echo', [], { requestId: 'x' } as never);
    expect((await rejection(named)).code).to.equal('ERR_INVALID_ARGUMENT');
  });
});
