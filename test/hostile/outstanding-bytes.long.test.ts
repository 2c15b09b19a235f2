import { expect } from 'chai';
import { closeEngines, createEngine } from '../support/engine.ts';
import { LONGEST_ANSWER, longAnswers } from './guests/long-answers.ts';

const MiB = 1024 * 1024;
const CALLERS = 200;
const ROOM = 256 * MiB;

for (const isolation of ['none', 'process'] as const) {
  describe(`${CALLERS} callers that keep answers of ${LONGEST_ANSWER / MiB} MiB, isolation: ${isolation}`, function () {
    this.timeout(120_000);
    after(closeEngines);

    it('take no more than the limit', async () => {
      const engine = await createEngine({ maxOutstandingBytes: ROOM, isolation });
      await engine.loadPlugin('long', await longAnswers());
      const before = process.memoryUsage.rss();
      let most = 0;
      const looks = setInterval(() => {
        most = Math.max(most, process.memoryUsage.rss());
      }, 5);
      const ends = await Promise.allSettled(
        Array.from({ length: CALLERS }, () => engine.process('long', { input: 'most' })),
      );
      clearInterval(looks);
      const kept = ends.filter(({ status }) => status === 'fulfilled');
      // Of a child it may be one less, whose answers are booked by what they are expected to take.
      const fitting = Math.floor(ROOM / (2 * LONGEST_ANSWER));
      expect(kept.length).to.be.within(isolation === 'process' ? fitting - 1 : fitting, fitting);
      // On its way each answer is in the memory of its plugin, in a message and in a text.
      expect(most - before).to.be.below(4 * ROOM);
    });
  });
}
