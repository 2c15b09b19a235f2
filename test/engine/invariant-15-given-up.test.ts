import { expect } from 'chai';
import type { PluginEngine } from '../../src/engine.ts';
import { PluginError } from '../../src/errors.ts';
import type { ProcessOptions } from '../../src/request/process-options.ts';
import { closeEngines, createEngine, nextEvent } from '../support/engine.ts';
import { outcome } from '../support/outcome.ts';
import { witness } from './fixtures/witness.ts';

const THREADS = 2;
const REQUESTS = 600;
/** What may have begun unseen: no worker is ever sent more of a plugin whose requests take milliseconds. */
const IN_WORKERS = THREADS * 8;

/** One way to give up many requests at once. */
interface Way {
  readonly code: string;
  /** The options of each request. */
  readonly options: (index: number) => ProcessOptions;
  readonly giveUp: (engine: PluginEngine) => void;
}

function ways(): Record<string, Way> {
  const shared = new AbortController();
  const parent = new AbortController();
  const own = controllers();
  const reversed = controllers();
  return {
    'abort of a signal that they share': {
      code: 'ERR_ABORTED',
      options: () => ({ signal: shared.signal }),
      giveUp: () => shared.abort(),
    },
    'abort of a signal that theirs are composed of': {
      code: 'ERR_ABORTED',
      options: () => ({ signal: AbortSignal.any([parent.signal, new AbortController().signal]) }),
      giveUp: () => parent.abort(),
    },
    'abort of one signal after the other': {
      code: 'ERR_ABORTED',
      options: (index) => ({ signal: own[index]!.signal }),
      giveUp: () => {
        for (const controller of own) controller.abort();
      },
    },
    'abort of one signal after the other, the last first': {
      code: 'ERR_ABORTED',
      options: (index) => ({ signal: reversed[index]!.signal }),
      giveUp: () => {
        for (const controller of reversed.toReversed()) controller.abort();
      },
    },
    'unload by force': {
      code: 'ERR_PLUGIN_NOT_FOUND',
      options: () => ({}),
      giveUp: (engine) => void engine.unloadPlugin('witness', { force: true }),
    },
    'close by force': {
      code: 'ERR_ENGINE_CLOSED',
      options: () => ({}),
      giveUp: (engine) => void engine.close({ force: true }),
    },
  };
}

function controllers(): AbortController[] {
  return Array.from({ length: REQUESTS }, () => new AbortController());
}

describe('invariant 15: what was given up before it began never begins', function () {
  this.timeout(120_000);
  after(closeEngines);

  for (const [name, { code, options, giveUp }] of Object.entries(ways())) {
    it(name, async () => {
      const engine = await createEngine({ threads: THREADS, maxThreads: THREADS + 1 });
      let begun = 0;
      engine.on('plugin:event', () => begun++);
      await engine.loadPlugin('witness', await witness());
      const first = nextEvent(engine, 'plugin:event');
      const ends = Array.from({ length: REQUESTS }, (_, index) =>
        outcome(engine.process('witness', { input: `b${index}` }, options(index))),
      );
      await first;
      const before = begun;
      giveUp(engine);
      const failed = (await Promise.all(ends)).filter((end) => end !== 'ok');
      expect(begun - before, 'that began').to.be.at.most(IN_WORKERS);
      expect(failed.length).to.be.at.least(REQUESTS - before - IN_WORKERS);
      expect(new Set(failed)).to.deep.equal(new Set([code]));
    });
  }

  for (const deadlines of ['the same deadline', 'deadlines of some milliseconds around it']) {
    it(deadlines, async () => {
      const engine = await createEngine({ threads: THREADS, maxThreads: THREADS + 1 });
      await engine.loadPlugin('witness', await witness());
      const ends = Array.from({ length: REQUESTS }, (_, index) => {
        const deadlineMs = deadlines === 'the same deadline' ? 60 : 58 + (index % 5);
        return engine.process('witness', { input: `b${index}` }, { deadlineMs }).then(
          () => undefined,
          (error: unknown) => (error instanceof PluginError ? error : undefined),
        );
      });
      const late = (await Promise.all(ends)).filter((error) => error?.code === 'ERR_DEADLINE');
      // They ran when their time was up, which is something else.
      const ran = late.filter((error) => error?.began);
      expect(late.length).to.be.above(IN_WORKERS);
      expect(ran.length).to.be.at.most(IN_WORKERS);
    });
  }
});
