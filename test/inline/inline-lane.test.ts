import { expect } from 'chai';
import { InlineLane } from '../../src/inline/inline-lane.ts';
import { inlineThread } from '../../src/inline/inline-thread.ts';
import type { InlineHost } from '../../src/scheduler/inline-host.ts';
import { loneLane, makeJob } from '../support/lanes.ts';

const OPTIONS = { instructions: 1000, overBudget: 'trap' } as const;

/** V8's where the stack of whoever asks has no room for a step of the engine's own. */
const noStack = (): RangeError => new RangeError('Maximum call stack size exceeded');

describe('InlineLane', () => {
  for (const [step, fails] of [
    ['before a request', 1],
    ['behind it', 2],
  ] as const) {
    for (const way of ['answer', 'run'] as const) {
      it(`holds nobody up when the stack of its caller ends in its own steps ${step}, in \`${way}\``, () => {
        const lane = loneLane();
        let steps = 0;
        const host: InlineHost = {
          memory: {
            fitsBeside: () => true,
            exchange() {
              if (++steps === fails) throw noStack();
            },
          },
          nextRequestId: () => 'r-1',
          onUtterance() {},
          onLeft() {},
          onMoved() {},
        };
        const inline = new InlineLane(lane, OPTIONS, host);
        const ask = (): void => (way === 'answer' ? void inline.answer('', []) : inline.run(makeJob(lane)));
        expect(ask).to.throw(RangeError);
        expect(steps).to.equal(fails);
        expect({ idle: lane.idle, running: inlineThread.isRunning, takes: inline.takes }).to.deep.equal({
          idle: true,
          running: false,
          takes: true,
        });
      });
    }
  }
});
