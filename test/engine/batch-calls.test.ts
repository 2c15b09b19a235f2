import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { ProcessManyResult } from '../../src/request/many.ts';
import { echo, pluginBatch } from '../fixtures/guests.ts';
import { closeEngines, createEngine, ISOLATION } from '../support/engine.ts';
import { outcome, rejection, turn, until } from '../support/outcome.ts';

const inputs = (...texts: string[]): { input: string }[] => texts.map((input) => ({ input }));
const answer = (result: ProcessManyResult): string => (result.ok ? result.output : result.error.code);

describe('a plugin of the world plugin-batch', () => {
  let engine: PluginEngine;
  const settle = (name: string, ...texts: string[]) =>
    Promise.all(inputs(...texts).map((request) => outcome(engine.process(name, request))));

  before(async () => {
    engine = await createEngine({ threads: 1 });
    const { world } = await engine.loadPlugin('echo', await pluginBatch());
    expect(world).to.equal('plugin-batch');
    await engine.loadPlugin('again', await pluginBatch(), { batchCalls: { idempotent: true } });
  });
  after(closeEngines);

  it('gets what is asked for in one turn in one call, and each its own answer', async () => {
    const asked = inputs('count', 'b', 'refuse', '').map((request) => engine.process('echo', request));
    expect(await Promise.all(asked)).to.deep.equal([
      { output: '4', success: true },
      { output: 'b', success: true },
      { output: '', success: false, errorMessage: 'refused' },
      { output: '', success: true },
    ]);
    expect(await engine.process('echo', { input: 'count', options: { a: 'b' } })).to.include({ output: '1' });
  });

  it('gets the records of a batch, and of many at once, together', async () => {
    await engine.loadPlugin('new', await pluginBatch());
    const many = await engine.processMany('new', inputs(...Array<string>(100).fill('count')));
    // Of a plugin that nothing is known of, as many as go into seven calls.
    expect(new Set(many.map(answer))).to.deep.equal(new Set(['15', '10']));
    const seen: string[] = [];
    for await (const result of engine.batch(inputs('a', 'b', 'd'), { plugin: 'echo', ordered: true })) {
      seen.push(result.ok ? result.output : result.error.code);
    }
    expect(seen).to.deep.equal(['a', 'b', 'd']);
  });

  it('takes records that are larger than one call may be', async () => {
    const large = ['a', 'b', 'd'].map((letter) => letter.repeat(400_000));
    const results = await engine.processMany('echo', inputs(...large));
    expect(results.map(answer)).to.deep.equal(large);
  });

  it('fails all records of a call that ends in a trap, which says that they had begun', async () => {
    const asked = inputs('a', 'trap', 'b').map((request, index) =>
      rejection(engine.process('echo', request, { requestId: `mine-${index}` })),
    );
    for (const [index, error] of (await Promise.all(asked)).entries()) {
      expect(error).to.include({ code: 'ERR_TRAP', plugin: 'echo', began: true, requestId: `mine-${index}` });
      expect(error.message).to.include('in a call with 3 records, all of which had begun');
      expect(error.hint).to.include('idempotent');
    }
    expect(await settle('echo', 'a')).to.deep.equal(['ok']);
  });

  it('finds the record that ends a call, where records may run again', async () => {
    const texts = ['a', 'trap', 'b', 'd', 'e', 'f', 'g'];
    expect(await settle('again', ...texts)).to.deep.equal(texts.map((text) => (text === 'trap' ? 'ERR_TRAP' : 'ok')));
    const lone = await rejection(engine.process('again', { input: 'trap' }));
    expect(lone.message).to.not.include('records');
    expect(await settle('again', 'lose', 'a', 'b')).to.deep.equal(['ERR_INVALID_RESPONSE', 'ok', 'ok']);
  });

  it('finds the one that runs over a limit', async () => {
    await engine.loadPlugin('limited', await pluginBatch(), {
      batchCalls: { idempotent: true },
      sandbox: { cpuTimeLimitMs: 50 },
    });
    expect(await settle('limited', 'a', 'spin', 'b')).to.deep.equal(['ok', 'ERR_CPU_TIME_LIMIT', 'ok']);
  });

  it('is refused as a whole that answers fewer than it was asked', async () => {
    const error = await rejection(engine.process('echo', { input: 'lose' }));
    expect(error).to.include({ code: 'ERR_INVALID_RESPONSE', began: true });
    expect(error.message).to.include('1 requests of a batch with 0 responses');
  });

  it('waits for as many records as it is to have at least, as long as it may', async () => {
    await engine.loadPlugin('patient', await pluginBatch(), { batchCalls: { minSize: 3, maxWaitMs: 1000 } });
    const first = engine.process('patient', { input: 'count' });
    await turn();
    const others = inputs('count', 'count').map((request) => engine.process('patient', request));
    const outputs = (await Promise.all([first, ...others])).map(({ output }) => output);
    expect(outputs).to.deep.equal(['3', '3', '3']);
    // With nobody else to come it is called with what there is.
    expect(await engine.process('patient', { input: 'count' })).to.include({ output: '1' });
  });

  it('runs nothing that was given up while it waited, and the others all the same', async () => {
    await engine.loadPlugin('waiting', await pluginBatch(), { batchCalls: { minSize: 4, maxWaitMs: 1000 } });
    const controller = new AbortController();
    const gone = outcome(engine.process('waiting', { input: 'trap' }, { signal: controller.signal }));
    const late = outcome(engine.process('waiting', { input: 'trap' }, { deadlineMs: 1 }));
    const past = outcome(engine.process('waiting', { input: 'trap' }, { deadlineMs: 0 }));
    controller.abort();
    expect(await Promise.all([gone, late, past])).to.deep.equal(['ERR_ABORTED', 'ERR_DEADLINE', 'ERR_DEADLINE']);
    expect(await settle('waiting', 'a', 'b', 'd', 'e')).to.deep.equal(['ok', 'ok', 'ok', 'ok']);
  });

  it('takes what is given up out of a call that has not begun', async () => {
    const narrow = await createEngine({ threads: 1, maxThreads: 2 });
    for (const name of ['slow', 'slower', 'echo']) await narrow.loadPlugin(name, await pluginBatch());
    const [slow, given] = [new AbortController(), new AbortController()];
    // They hold all threads.
    const spin = (name: string) => outcome(narrow.process(name, { input: 'spin' }, { signal: slow.signal }));
    const spinning = [spin('slow'), spin('slower')];
    await turn();
    await until(() => narrow.status().queued === 0);
    const kept = narrow.process('echo', { input: 'count' });
    const gone = outcome(narrow.process('echo', { input: 'a' }, { signal: given.signal }));
    await turn();
    given.abort();
    expect(await gone).to.equal('ERR_ABORTED');
    slow.abort();
    expect(await Promise.all(spinning)).to.deep.equal(['ERR_ABORTED', 'ERR_ABORTED']);
    // What is with another process is on its way.
    expect(await kept).to.include({ output: ISOLATION === 'none' ? '1' : '2' });
    await narrow.close();
  });

  it('takes what is given up out of a call that is with a thread and has not begun', async function () {
    // Only the other process knows what has not begun.
    if (ISOLATION === 'process') this.skip();
    const narrow = await createEngine({ threads: 1, maxThreads: 2 });
    for (const name of ['slow', 'slower']) await narrow.loadPlugin(name, await pluginBatch());
    const [slow, given] = [new AbortController(), new AbortController()];
    const first = outcome(narrow.process('slower', { input: 'spin' }, { signal: slow.signal }));
    await turn();
    await until(() => narrow.status().queued === 0);
    // Both of its calls go to the thread in one batch, where the second waits for the first.
    const calls = [outcome(narrow.process('slow', { input: 'spin' }, { priority: 1, signal: slow.signal }))];
    const kept = narrow.process('slow', { input: 'count' });
    const gone = outcome(narrow.process('slow', { input: 'trap' }, { signal: given.signal }));
    await turn();
    given.abort();
    expect(await gone).to.equal('ERR_ABORTED');
    await turn();
    slow.abort();
    expect(await Promise.all([first, ...calls])).to.deep.equal(['ERR_ABORTED', 'ERR_ABORTED']);
    expect(await kept).to.include({ output: '1' });
    await narrow.close();
  });

  it('refuses nothing that was taken in once, whoever takes the room of what is given up', async () => {
    const narrow = await createEngine({ threads: 1, maxThreads: 2, queueLimit: 3 });
    for (const name of ['slow', 'slower', 'batch']) await narrow.loadPlugin(name, await pluginBatch());
    await narrow.loadPlugin('plain', await echo());
    const [slow, given] = [new AbortController(), new AbortController()];
    const spin = (name: string) => outcome(narrow.process(name, { input: 'spin' }, { signal: slow.signal }));
    const spinning = [spin('slow'), spin('slower')];
    await turn();
    await until(() => narrow.status().queued === 0);
    const gone = outcome(narrow.process('batch', { input: 'a' }, { signal: given.signal }));
    const kept = ['b', 'd'].map((input) => outcome(narrow.process('batch', { input })));
    await turn();
    const waiting = ['a', 'b', 'd'].map((input) => outcome(narrow.process('plain', { input }, { whenFull: 'wait' })));
    given.abort();
    expect(await gone).to.equal('ERR_ABORTED');
    await turn();
    slow.abort();
    await Promise.all(spinning);
    expect(await Promise.all([...kept, ...waiting])).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'ok']);
    await narrow.close();
  });

  it('runs nothing that waits for others once it is unloaded or the engine closed by force', async () => {
    const other = await createEngine({ threads: 1 });
    const batchCalls = { minSize: 9, maxWaitMs: 1000 };
    for (const name of ['one', 'two']) await other.loadPlugin(name, await pluginBatch(), { batchCalls });
    const asked = ['one', 'two'].map((name) => rejection(other.process(name, { input: 'a' })));
    await turn();
    await other.unloadPlugin('one', { force: true });
    expect(await asked[0]).to.include({ code: 'ERR_PLUGIN_NOT_FOUND', began: false });
    await other.close({ force: true });
    expect(await asked[1]).to.include({ code: 'ERR_ENGINE_CLOSED', began: false });
  });

  it('counts each record once, by what its caller heard', async () => {
    await engine.loadPlugin('counted', await pluginBatch(), {
      batchCalls: { idempotent: true, minSize: 9, maxWaitMs: 20 },
    });
    await settle('counted', 'a', 'trap', 'b', 'refuse', 'e', 'lose', 'g', 'h', 'i');
    const controller = new AbortController();
    const given = ['a', 'b'].map((input) =>
      outcome(engine.process('counted', { input }, { signal: controller.signal })),
    );
    const late = ['d', 'e'].map((input) => outcome(engine.process('counted', { input }, { deadlineMs: 1 })));
    controller.abort();
    await Promise.all([...given, ...late]);
    await until(() => engine.getPlugin('counted')!.stable!.statistics.pending === 0);
    expect(engine.getPlugin('counted')!.stable!.statistics).to.deep.equal({
      requests: 13,
      refused: 1,
      errors: { ERR_TRAP: 1, ERR_INVALID_RESPONSE: 1, ERR_ABORTED: 2, ERR_DEADLINE: 2 },
      pending: 0,
    });
  });

  it('has each answer within the limit of answers', async () => {
    await engine.loadPlugin('short', await pluginBatch(), { sandbox: { maxOutputBytes: 100 } });
    const [long, ...short] = await Promise.all(
      ['a'.repeat(101), 'a'.repeat(100), 'é'].map((input) => outcome(engine.process('short', { input }))),
    );
    expect([long, ...short]).to.deep.equal(['ERR_OUTPUT_LIMIT', 'ok', 'ok']);
  });

  it('is called with fewer records when calls with many fail', async () => {
    await engine.loadPlugin('weak', await pluginBatch());
    const rounds: string[] = [];
    for (let round = 0; round < 10; round++) {
      rounds.push([...new Set(await settle('weak', ...Array<string>(8).fill('weak')))].join());
    }
    expect(rounds[0]).to.equal('ERR_TRAP');
    expect(rounds.slice(4)).to.deep.equal(Array<string>(6).fill('ok'));
  });

  it('is so also where there are to be many at least', async () => {
    await engine.loadPlugin('weak-many', await pluginBatch(), { batchCalls: { minSize: 8 } });
    let last: string[] = [];
    for (let round = 0; round < 10; round++) last = await settle('weak-many', ...Array<string>(8).fill('weak'));
    expect(last).to.deep.equal(Array<string>(8).fill('ok'));
  });

  it('has failed once with a call that is divided to find the record that did it', async () => {
    const failurePolicy = { maxFailures: 2 };
    await engine.loadPlugin('divided', await pluginBatch(), { batchCalls: { idempotent: true }, failurePolicy });
    expect(await settle('divided', 'trap', 'b')).to.deep.equal(['ERR_TRAP', 'ok']);
    expect(await settle('divided', 'a')).to.deep.equal(['ok']);
    // Two by themselves are two.
    expect(await settle('divided', 'trap')).to.deep.equal(['ERR_TRAP']);
    expect(await settle('divided', 'trap')).to.deep.equal(['ERR_TRAP']);
    expect(await settle('divided', 'a')).to.deep.equal(['ERR_PLUGIN_QUARANTINED']);
  });

  it('is kept from the record that kills workers, and from no other in the same call', async () => {
    await engine.loadPlugin('poisoned', await pluginBatch(), {
      batchCalls: { idempotent: true },
      failurePolicy: { maxFailures: 100, maxKills: 1 },
      sandbox: { cpuTimeLimitMs: 50 },
    });
    expect(await settle('poisoned', 'a', 'spin', 'b')).to.deep.equal(['ok', 'ERR_CPU_TIME_LIMIT', 'ok']);
    expect(engine.quarantined('poisoned').map(({ kills, state }) => [kills, state])).to.deep.equal([[1, 'refused']]);
    expect(await settle('poisoned', 'b', 'spin', 'a')).to.deep.equal(['ok', 'ERR_PLUGIN_QUARANTINED', 'ok']);
    engine.clearQuarantine('poisoned');
    expect(await settle('poisoned', 'spin')).to.deep.equal(['ERR_CPU_TIME_LIMIT']);
  });

  it('has another plugin stand in for it that takes one request at a time', async () => {
    await engine.loadPlugin('plain', await echo());
    await engine.loadPlugin('failing', await pluginBatch(), { failurePolicy: { maxFailures: 1, fallback: 'plain' } });
    expect(await settle('failing', 'trap')).to.deep.equal(['ERR_TRAP']);
    const asked = inputs('a', 'b').map((request) => engine.process('failing', request));
    expect((await Promise.all(asked)).map(({ output }) => output)).to.deep.equal(['a', 'b']);
  });

  it('has it stand in for calls that had not begun, too', async () => {
    await engine.loadPlugin('falling', await pluginBatch(), {
      sandbox: { cpuTimeLimitMs: 50 },
      failurePolicy: { maxFailures: 1, fallback: 'plain' },
    });
    const spin = outcome(engine.process('falling', { input: 'spin' }, { priority: 1 }));
    await turn();
    const behind = settle('falling', ...Array<string>(40).fill('a'));
    expect(await spin).to.equal('ERR_CPU_TIME_LIMIT');
    expect(new Set(await behind)).to.deep.equal(new Set(['ok']));
  });

  it('says of what was given up whether it had begun', async () => {
    const batchCalls = { minSize: 9, maxWaitMs: 1000 };
    await engine.loadPlugin('held', await pluginBatch(), { batchCalls });
    const held = engine.process('held', { input: 'a' }, { deadlineMs: 1 });
    expect(await rejection(held)).to.include({ code: 'ERR_DEADLINE', began: false });
    const controller = new AbortController();
    const spin = rejection(engine.process('echo', { input: 'spin' }, { signal: controller.signal }));
    await turn();
    await until(() => engine.status().queued === 0);
    controller.abort();
    expect(await spin).to.include({ code: 'ERR_ABORTED', began: true });
  });

  it('shares no call among requests that are to have an instance each', async () => {
    await engine.loadPlugin('fresh', await pluginBatch(), { sandbox: { instances: 'fresh' } });
    const asked = inputs('count', 'count').map((request) => engine.process('fresh', request));
    expect((await Promise.all(asked)).map(({ output }) => output)).to.deep.equal(['1', '1']);
  });

  it('is unloaded after what waits for others has run', async () => {
    await engine.loadPlugin('leaving', await pluginBatch(), { batchCalls: { minSize: 9, maxWaitMs: 100 } });
    const asked = engine.process('leaving', { input: 'count' });
    const controller = new AbortController();
    const gone = outcome(engine.process('leaving', { input: 'a' }, { signal: controller.signal }));
    const unloaded = engine.unloadPlugin('leaving');
    controller.abort();
    expect(await asked).to.include({ output: '1' });
    expect(await gone).to.equal('ERR_ABORTED');
    await unloaded;
    await engine.loadPlugin('leaving', await pluginBatch(), { batchCalls: { minSize: 9, maxWaitMs: 100 } });
    const alone = outcome(engine.process('leaving', { input: 'a' }, { signal: AbortSignal.timeout(1) }));
    expect(await alone).to.equal('ERR_ABORTED');
    await engine.unloadPlugin('leaving');
  });

  it('counts each record to the limits of the queue and to what was answered', async () => {
    const small = await createEngine({ threads: 1, queueLimit: 8 });
    await small.loadPlugin('echo', await pluginBatch());
    const results = await Promise.all(Array.from({ length: 40 }, () => outcome(small.process('echo', { input: 'a' }))));
    const answered = results.filter((code) => code === 'ok').length;
    expect(new Set(results)).to.deep.equal(new Set(['ok', 'ERR_QUEUE_FULL']));
    const patient = await small.processMany('echo', inputs(...Array<string>(40).fill('a')), { whenFull: 'wait' });
    expect(patient.every(({ ok }) => ok)).to.equal(true);
    const { requests, errors } = small.getPlugin('echo')!.stable!.statistics;
    expect({ requests, full: errors.ERR_QUEUE_FULL }).to.deep.equal({ requests: 80, full: 40 - answered });
    await small.close();
  });

  it('says what is wrong with how it is to be called', async () => {
    const bytes = await pluginBatch();
    for (const batchCalls of [{ minSize: 0 }, { minSize: 5000 }, { maxWaitMs: -1 }, { idempotent: 1 }, { size: 1 }]) {
      expect(await outcome(engine.loadPlugin('odd', bytes, { batchCalls: batchCalls as never }))).to.equal(
        'ERR_INVALID_ARGUMENT',
      );
    }
  });
});
