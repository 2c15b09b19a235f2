import { expect } from 'chai';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const LATE = { cpuTimeLimitMs: 120_000, wallTimeLimitMs: 120_000 };

describe('invariant 4: a finished result does not wait for the slower requests of its batch', function () {
  this.timeout(60_000);
  after(closeEngines);

  it('which may never end', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('witness', await witness(), { sandbox: LATE });
    const controller = new AbortController();
    const quick = ['e0', 'e1', 't2', 'e3'].map((input) => outcome(engine.process('witness', { input })));
    const endless = outcome(engine.process('witness', { input: 's' }, { signal: controller.signal }));
    expect(await Promise.all(quick)).to.deep.equal(['ok', 'ok', 'ERR_TRAP', 'ok']);
    controller.abort();
    expect(await endless).to.equal('ERR_ABORTED');
  });

  it('however large it is', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile(), { sandbox: LATE });
    const controller = new AbortController();
    const large = engine.process('hostile', { input: 'output 3000000' });
    const small = engine.process('hostile', { input: 'after' });
    const endless = outcome(engine.process('hostile', { input: 'spin' }, { signal: controller.signal }));
    expect((await large).output.length).to.equal(3_000_000);
    expect((await small).output).to.equal('after');
    controller.abort();
    expect(await endless).to.equal('ERR_ABORTED');
  });

  it('nor for the requests behind it: what waits behind an endless one goes to another thread', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('witness', await witness(), { sandbox: LATE });
    const controller = new AbortController();
    const begun = nextEvent(engine, 'plugin:event', ({ type }) => type === 's');
    const endless = outcome(engine.process('witness', { input: 's' }, { signal: controller.signal }));
    const behind = Array.from({ length: 20 }, (_, i) => engine.process('witness', { input: `e${i}` }));
    await begun;
    await Promise.all(behind);
    controller.abort();
    await endless;
  });

  it('and what the guest said of a request comes before its result', async () => {
    const engine = await createEngine({ threads: 2 });
    await engine.loadPlugin('witness', await witness());
    const events = collect(engine, 'plugin:event');
    const said = new Set<string>();
    engine.on('plugin:event', ({ type, requestId }) => said.add(`${requestId} ${type}`));
    let next = 0;
    let late = 0;
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        while (next < 30_000) {
          const id = `id-${next++}`;
          await engine.process('witness', { input: `e${id}` }, { requestId: id });
          if (!said.has(`${id} e${id}`)) late++;
        }
      }),
    );
    expect(late).to.equal(0);
    expect(events.length).to.equal(next);
  });
});
