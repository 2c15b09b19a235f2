import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import type { Policy } from '../../src/host/policy/policy.ts';
import type { ProcessOptions } from '../../src/request/process-options.ts';
import { echo, hostile } from '../fixtures/guests.ts';
import { closeEngines, collect, createEngine, nextEvent } from '../support/engine.ts';
import { outcome, rejection, until } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const LATE: Policy = { cpuTimeLimitMs: 120_000, wallTimeLimitMs: 120_000 };

describe('a request', function () {
  this.timeout(60_000);
  after(closeEngines);

  /** How the caller gives a request up. */
  const ENDS = [
    { by: 'its signal', code: 'ERR_ABORTED' },
    { by: 'its deadline', code: 'ERR_DEADLINE' },
  ] as const;

  for (const { by, code } of ENDS) {
    describe(`that is given up by ${by}`, () => {
      let engine: PluginEngine;
      let began: string[];
      let release: () => Promise<void>;
      /** The caller's options, and what gives the request up. */
      const given = (): { options: ProcessOptions; giveUp(): void } => {
        if (code === 'ERR_DEADLINE') return { options: { deadlineMs: 80 }, giveUp() {} };
        const controller = new AbortController();
        const giveUp = (): void => controller.abort(new Error('changed my mind'));
        return { options: { signal: controller.signal }, giveUp };
      };
      const failed = async (promise: Promise<unknown>): Promise<void> => {
        const error = await rejection(promise);
        expect([error.code, error.plugin, error.requestId]).to.deep.equal([code, 'plugin', 'target']);
        if (code === 'ERR_DEADLINE') expect(error.limit).to.deep.equal({ name: 'deadlineMs', value: 80 });
        else expect((error.cause as Error).message).to.equal('changed my mind');
      };
      beforeEach(async () => {
        engine = await createEngine({ threads: 1, maxThreads: 2, queueLimit: 1 });
        await engine.loadPlugin('plugin', await witness(), { sandbox: LATE });
        began = [];
        engine.on('plugin:event', ({ type }) => began.push(type));
        release = async () => {};
      });
      /** Lets one endless request run, so that others wait. */
      const block = async (): Promise<void> => {
        const controller = new AbortController();
        const { signal } = controller;
        const endless = outcome(engine.process('plugin', { input: 's' }, { signal }));
        await until(() => began.length === 1);
        release = async () => {
          controller.abort();
          expect(await endless).to.equal('ERR_ABORTED');
        };
      };
      afterEach(async () => {
        await release();
        expect((await engine.process('plugin', { input: 'after' })).output).to.equal('after');
        await engine.close();
      });

      it('while it waits for room in the queue, never begins', async () => {
        await block();
        const filler = engine.process('plugin', { input: 'filler' });
        const { options, giveUp } = given();
        const target = engine.process(
          'plugin',
          { input: 'target' },
          { ...options, requestId: 'target', whenFull: 'wait' },
        );
        giveUp();
        await failed(target);
        await release();
        release = async () => {};
        expect((await filler).output).to.equal('filler');
        expect(began).to.deep.equal(['s', 'filler']);
      });

      it('while it is queued, never begins and leaves its place', async () => {
        await block();
        const { options, giveUp } = given();
        const target = engine.process('plugin', { input: 'target' }, { ...options, requestId: 'target' });
        expect(engine.status().queued).to.equal(1);
        giveUp();
        await failed(target);
        expect([engine.status().queued, began]).to.deep.equal([0, ['s']]);
      });

      it('while it runs, ends with its worker', async () => {
        const { options, giveUp } = given();
        const terminated = nextEvent(engine, 'worker:terminated');
        const target = engine.process('plugin', { input: 'starget' }, { ...options, requestId: 'target' });
        const failure = failed(target);
        await until(() => began.length === 1);
        giveUp();
        await failure;
        const [{ plugin, requestId, code: reason }] = await terminated;
        expect([plugin, requestId, reason]).to.deep.equal(['plugin', 'target', code]);
      });

      it('after it is done, has its answer', async () => {
        const terminated = collect(engine, 'worker:terminated');
        const { options, giveUp } = given();
        const patient = code === 'ERR_DEADLINE' ? { deadlineMs: 60_000 } : options;
        const target = engine.process('plugin', { input: 'etarget' }, patient);
        expect((await target).output).to.equal('etarget');
        giveUp();
        expect((await engine.process('plugin', { input: 'next' })).output).to.equal('next');
        expect(terminated).to.deep.equal([]);
      });
    });
  }

  it('that is aborted before it is asked for never begins', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('plugin', await witness());
    const events = collect(engine, 'plugin:event');
    const signal = AbortSignal.abort();
    expect(await outcome(engine.process('plugin', { input: 'x' }, { signal }))).to.equal('ERR_ABORTED');
    await engine.process('plugin', { input: 'y' });
    expect(events.map(({ type }) => type)).to.deep.equal(['y']);
  });

  describe('finds an instance', () => {
    const counts = async (sandbox: Policy, requests: number): Promise<string[]> => {
      const engine = await createEngine({ threads: 1 });
      await engine.loadPlugin('plugin', await echo(), { sandbox, config: { prefix: '' } });
      const events = collect(engine, 'plugin:event');
      const answers: string[] = [];
      for (let i = 0; i < requests; i++) answers.push((await engine.process('plugin', { input: 'count' })).output);
      await engine.close();
      const instances = answers.filter((answer) => answer === '1').length;
      expect(events.filter(({ type }) => type === 'shutdown').length).to.equal(instances);
      return answers;
    };

    it('that has served others, if it is warm', async () => {
      expect(await counts({}, 5)).to.deep.equal(['1', '2', '3', '4', '5']);
    });

    it('of its own, if they are fresh', async () => {
      expect(await counts({ instances: 'fresh' }, 5)).to.deep.equal(['1', '1', '1', '1', '1']);
    });

    it('that has served no more than maxRequestsPerInstance', async () => {
      expect(await counts({ maxRequestsPerInstance: 2 }, 5)).to.deep.equal(['1', '2', '1', '2', '1']);
    });

    it('that is shut down once, but not after a fault', async () => {
      const engine = await createEngine({ threads: 1 });
      const logs = collect(engine, 'plugin:log');
      // One that is brought back logs nothing of its start.
      await engine.loadPlugin('plugin', await witness(), { sandbox: { snapshots: 'never' } });
      const said = () => logs.map(({ message }) => message);
      expect(await outcome(engine.process('plugin', { input: 't' }))).to.equal('ERR_TRAP');
      await engine.process('plugin', { input: 'e' });
      expect(said()).to.deep.equal(['initialize', 'initialize']);
      await engine.unloadPlugin('plugin');
      expect(said()).to.deep.equal(['initialize', 'initialize', 'shutdown']);
    });

    it('that was given the configuration', async () => {
      const engine = await createEngine({ threads: 1 });
      for (const prefix of ['a:', 'b:']) {
        await engine.loadPlugin(prefix, await echo(), { config: { prefix } });
      }
      for (const prefix of ['a:', 'b:', 'a:']) {
        expect((await engine.process(prefix, { input: 'x' })).output).to.equal(`${prefix}x`);
      }
    });
  });

  describe('arrives and is answered as it was given', () => {
    let engine: PluginEngine;
    before(async () => {
      engine = await createEngine({ threads: 1 });
      await engine.loadPlugin('plugin', await echo());
      await engine.loadPlugin('hostile', await hostile());
    });

    for (const [what, input] of [
      ['nothing', ''],
      ['1 MiB', 'x'.repeat(1024 * 1024)],
      ['5 MiB', 'y'.repeat(5 * 1024 * 1024)],
      ['a million emoji', '💥'.repeat(1_000_000)],
      ['text of several scripts', 'naïve Ünïcödé 日本語 עברית \u0000\ufeff'.repeat(20_000)],
    ] as const) {
      it(what, async () => {
        const { output, success } = await engine.process('plugin', { input });
        expect([output === input, success]).to.deep.equal([true, true]);
      });
    }

    it('but for surrogates that stand alone, which UTF-8 does not have', async () => {
      for (const text of ['a\ud800b', '\udc00', `${'x'.repeat(1024 * 1024)}\ud83d`]) {
        const refused = await rejection(engine.process('plugin', { input: text }));
        expect(refused).to.include({ code: 'ERR_INVALID_ARGUMENT' });
        expect(refused.message).to.equal('`request.input` has half of a surrogate pair, which is no Unicode');
        for (const options of [{ [text]: 'v' }, { k: text }, [['k', text]] as const]) {
          const { code } = await rejection(engine.process('plugin', { input: 'option', options }));
          expect(code).to.equal('ERR_INVALID_ARGUMENT');
        }
        const [many] = await engine.processMany('plugin', [{ input: text }]);
        expect(many).to.have.nested.property('error.code', 'ERR_INVALID_ARGUMENT');
        const loaded = engine.loadPlugin('other', await echo(), { config: { key: text } });
        expect((await rejection(loaded)).message).to.match(/^`config.key` has half of a surrogate pair/);
      }
    });

    it('small ones beside large ones, in one turn', async () => {
      const inputs = Array.from({ length: 40 }, (_, i) => `${i}`.repeat(i % 8 === 0 ? 300_000 : 1));
      const answers = await Promise.all(inputs.map((input) => engine.process('plugin', { input })));
      expect(answers.every(({ output }, i) => output === inputs[i])).to.equal(true);
    });

    it('with its options as they were when it was asked for', async () => {
      const pair: [string, string] = ['key', 'first'];
      const options = [pair];
      const first = engine.process('plugin', { input: 'option', options });
      pair[1] = 'second';
      const second = engine.process('plugin', { input: 'option', options });
      pair[1] = 3 as never;
      options.length = 0;
      expect([(await first).output, (await second).output]).to.deep.equal(['first', 'second']);
    });

    it('three hundred options, and one that is large', async () => {
      const options = Array.from({ length: 300 }, (_, i) => [`key${i}`, `value${i}`] as const);
      expect((await engine.process('plugin', { input: 'option', options })).output).to.equal('value0');
      const large = 'v'.repeat(1024 * 1024);
      const { output } = await engine.process('plugin', { input: 'option', options: [['key', large], ...options] });
      expect(output === large).to.equal(true);
      expect((await engine.process('plugin', { input: 'option', options: { only: 'one' } })).output).to.equal('one');
    });

    it('with a failure of its own, which is no error', async () => {
      const { success, errorMessage } = await engine.process('hostile', { input: 'fail' });
      expect([success, errorMessage]).to.deep.equal([false, 'asked to fail']);
    });
  });

  it('runs on threads of the class that its policy needs, and no class starves another', async () => {
    const engine = await createEngine({ threads: 2, maxThreads: 3 });
    const stacks = { small: 1, medium: 4, large: 64 };
    for (const [name, mebibytes] of Object.entries(stacks)) {
      const sandbox = { ...LATE, maxStackBytes: mebibytes * 1024 * 1024 };
      await engine.loadPlugin(name, await hostile(), { sandbox });
    }
    const names = Object.keys(stacks);
    // All at once, each after its last, and by turns.
    const each = async (name: string): Promise<void> => {
      for (let i = 0; i < 50; i++) expect((await engine.process(name, { input: `${i}` })).output).to.equal(`${i}`);
    };
    await Promise.all(names.flatMap((name) => [each(name), each(name)]));
    for (let i = 0; i < 4; i++) for (const name of names) await engine.process(name, { input: 'x' });
    for (const name of names) {
      expect(await outcome(engine.process(name, { input: 'stack' })), name).to.equal('ERR_STACK_OVERFLOW');
    }
    const { starting, idle, busy } = engine.status().threads;
    expect(starting + idle + busy).to.be.at.most(3);
  });
});
