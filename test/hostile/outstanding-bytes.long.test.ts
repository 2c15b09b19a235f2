import { expect } from 'chai';
import { closeEngines, createEngine } from '../support/engine.ts';
import { LONGEST_ANSWER, longAnswers } from './guests/long-answers.ts';

const MiB = 1024 * 1024;
const CALLERS = 200;
const FITTING = 8;
/** For so many answers, and for the requests that wait meanwhile: the first answer without room has those go unasked. */
const ROOM = FITTING * 2 * LONGEST_ANSWER + MiB;

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
      expect(kept).to.have.lengthOf(FITTING);
      // On its way each answer is in the memory of its plugin, in a message and in a text.
      expect(most - before).to.be.below(4 * ROOM);
    });
  });
}
