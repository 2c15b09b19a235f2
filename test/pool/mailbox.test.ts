import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import fc from 'fast-check';
import { Berth } from '../../src/pool/berth.ts';
import { Mailbox } from '../../src/pool/mailbox.ts';
import { SLOTS, SlotState } from '../../src/pool/mailbox-layout.ts';
import { ThreadStatus } from '../../src/pool/thread-status.ts';
import { WorkerMailbox } from '../../src/pool/worker-mailbox.ts';
import { race, sharedWords } from './fixtures/roles.ts';

/** Both sides of one mailbox, and what its worker shows of itself. */
function pair(): { main: Mailbox; worker: WorkerMailbox; status: ThreadStatus } {
  const main = new Mailbox();
  const status = new ThreadStatus();
  return { main, worker: new WorkerMailbox(main.buffer, status), status };
}

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\0', '\ufeff', '💥'.repeat(50), 'naïve'),
);

describe('Mailbox', () => {
  describe('a request', () => {
    it('arrives as it was put, whatever it says', () => {
      const { main, worker } = pair();
      fc.assert(
        fc.property(
          fc.array(fc.tuple(text, fc.array(fc.tuple(text, text), { maxLength: 5 })), { maxLength: 8 }),
          (all) => {
            main.reset();
            for (const [slot, [input, options]] of all.entries())
              expect(main.putRequest(slot, input, options)).to.equal(true);
            for (const [slot, [input, options]] of all.entries()) {
              expect(worker.input(slot)).to.equal(input.toWellFormed());
              expect(worker.options(slot)).to.deep.equal(
                options.map((pair) => pair.map((part) => part.toWellFormed())),
              );
            }
          },
        ),
      );
    });

    it('carries hundreds of options, in order, with the same key more than once', () => {
      const { main, worker } = pair();
      const options = Array.from({ length: 300 }, (_, i) => [`key${i % 7}`, `value${i}`] as const);
      main.reset();
      main.putRequest(0, 'input', options);
      expect(worker.options(0)).to.deep.equal(options);
    });

    it('is in a run with its neighbours of the same definition, which has left something behind once it is over', () => {
      const { main, worker } = pair();
      main.reset();
      for (const [slot, definition] of [7, 7, 9].entries()) main.address(slot, definition, 0);
      expect([0, 1, 2].map((slot) => worker.definition(slot))).to.deep.equal([7, 7, 9]);
      expect([main.residentAfter(1), main.runTime(1)]).to.deep.equal([undefined, 0]);
      worker.finishRun(1, 1.5, { bytes: 65_536, memories: 1 });
      expect([main.residentAfter(1), main.runTime(1)]).to.deep.equal([{ bytes: 65_536, memories: 1 }, 1.5]);
      main.address(1, 7, 0);
      expect(main.residentAfter(1)).to.equal(undefined);
    });

    it('is refused when it does not fit, and the next smaller one is taken', () => {
      const { main, worker } = pair();
      main.reset();
      expect(main.putRequest(0, 'a'.repeat(200 * 1024), [])).to.equal(true);
      expect(main.putRequest(1, 'b'.repeat(100 * 1024), [])).to.equal(false);
      expect(main.putRequest(1, '', [['key', 'v'.repeat(100 * 1024)]])).to.equal(false);
      expect(main.putRequest(1, 'b'.repeat(56 * 1024), [])).to.equal(true);
      expect(main.putRequest(2, 'x', [])).to.equal(false);
      expect(main.putRequest(2, '', [])).to.equal(true);
      expect(worker.input(0)).to.equal('a'.repeat(200 * 1024));
      expect(worker.input(1)).to.equal('b'.repeat(56 * 1024));
      main.reset();
      expect(main.putRequest(0, 'c'.repeat(256 * 1024), [])).to.equal(true);
    });

    it('is counted in bytes, not in characters', () => {
      const { main, worker } = pair();
      main.reset();
      const almost = '💥'.repeat(64 * 1024);
      expect(main.putRequest(0, almost, [])).to.equal(true);
      expect(worker.input(0)).to.equal(almost);
      main.reset();
      expect(main.putRequest(0, `${almost}x`, [])).to.equal(false);
    });
  });

  describe('a response', () => {
    it('arrives as it was put', () => {
      const { main, worker } = pair();
      const response = fc.record(
        { output: text, success: fc.boolean(), errorMessage: text },
        { requiredKeys: ['output', 'success'] },
      );
      fc.assert(
        fc.property(fc.array(response, { maxLength: 8 }), (responses) => {
          main.post({ kind: 'process', count: responses.length, parcel: false });
          worker.takeOrder();
          for (const [slot, one] of responses.entries()) expect(worker.putResponse(slot, one)).to.equal(true);
          for (const [slot, { output, errorMessage, ...rest }] of responses.entries()) {
            expect(main.response(slot)).to.deep.equal({
              ...rest,
              output: output.toWellFormed(),
              ...(errorMessage !== undefined && { errorMessage: errorMessage.toWellFormed() }),
            });
          }
        }),
      );
    });

    it('is refused when it does not fit, and then goes by message', () => {
      const { main, worker } = pair();
      worker.takeOrder();
      expect(worker.putResponse(0, { output: 'x'.repeat(512 * 1024 + 1), success: true })).to.equal(false);
      expect(worker.putResponse(0, { output: 'x', success: false, errorMessage: 'y'.repeat(512 * 1024) })).to.equal(
        false,
      );
      worker.putPosted(0);
      expect(main.response(0)).to.equal(undefined);
      expect(worker.putResponse(1, { output: 'x'.repeat(512 * 1024), success: true })).to.equal(true);
      expect(main.response(1)?.output.length).to.equal(512 * 1024);
    });

    it('finds the room empty again with the next order', () => {
      const { worker } = pair();
      const whole = { output: 'x'.repeat(512 * 1024), success: true };
      for (let order = 0; order < 3; order++) {
        worker.takeOrder();
        expect(worker.putResponse(0, whole)).to.equal(true);
        expect(worker.putResponse(1, whole)).to.equal(false);
      }
    });
  });

  describe('a slot', () => {
    const moves = {
      claim: (_main: Mailbox, worker: WorkerMailbox) => worker.claim(0),
      finish: (_main: Mailbox, worker: WorkerMailbox) => worker.finish(0),
      recall: (main: Mailbox) => main.recall(0),
      kill: (main: Mailbox) => main.kill(0),
    };
    const allowed: Record<string, Partial<Record<keyof typeof moves, SlotState>>> = {
      queued: { claim: SlotState.running, recall: SlotState.recalled },
      running: { finish: SlotState.done, kill: SlotState.killed },
      done: {},
      recalled: {},
      killed: {},
    };
    const reach: Record<string, readonly (keyof typeof moves)[]> = {
      queued: [],
      running: ['claim'],
      done: ['claim', 'finish'],
      recalled: ['recall'],
      killed: ['claim', 'kill'],
    };
    for (const [state, path] of Object.entries(reach)) {
      for (const [move, make] of Object.entries(moves)) {
        const to = allowed[state]?.[move as keyof typeof moves];
        it(`that is ${state} ${to === undefined ? 'refuses' : 'takes'} ${move}`, () => {
          const { main, worker } = pair();
          main.queue(0);
          for (const step of path) expect(moves[step](main, worker)).to.equal(true);
          const before = main.state(0);
          expect(make(main, worker)).to.equal(to !== undefined);
          expect(main.state(0)).to.equal(to ?? before);
        });
      }
    }

    it('says by which message its request came: one taken back before has left another for the slot', () => {
      const { main, worker } = pair();
      main.queue(0, 1);
      expect(worker.message(0)).to.equal(1);
      expect(main.recall(0)).to.equal(true);
      main.queue(0, 2);
      expect(worker.message(0)).to.equal(2);
      expect(main.recall(0)).to.equal(true);
      main.putRequest(0, 'input', []);
      expect(worker.message(0)).to.equal(undefined);
      worker.took(0);
      expect(main.wasTaken(0)).to.equal(true);
    });

    it('changes the count of entries when it is claimed: it is not the call before', () => {
      const { main, worker, status } = pair();
      for (const slot of [0, 1]) main.queue(slot);
      worker.claim(0);
      status.enter('process');
      const before = status.entries;
      worker.finish(0);
      worker.claim(1);
      expect(status.entries).not.to.equal(before);
    });
  });

  describe('between two threads', () => {
    it('each request is begun or taken back, and each begun one is done or killed: never both, never neither', async () => {
      const main = new Mailbox();
      const [fewest, rounds] = [400, 40_000];
      const control = sharedWords(2);
      const [claimed, finished] = [sharedWords(SLOTS), sharedWords(SLOTS)];
      const worker = race({ play: 'claims', mailbox: main.buffer, rounds, control, claimed, finished });
      const exit = once(worker, 'exit');
      const totals = { recalled: 0, done: 0, killed: 0 };
      // On a machine with other work it takes more rounds until both threads have run at once.
      const isOver = (round: number): boolean => round > fewest && Object.values(totals).every((count) => count > 0);
      for (let round = 1; round <= rounds && !isOver(round); round++) {
        for (let slot = 0; slot < SLOTS; slot++) main.queue(slot);
        const recalled = new Set<number>();
        const killed = new Set<number>();
        Atomics.store(control, 0, round);
        // From the back, as the engine does it, and at what runs, until the worker is through.
        let back = SLOTS - 1;
        while (Atomics.load(control, 1) < round) {
          for (let slot = 0; slot < SLOTS; slot += 7) if (main.kill(slot)) killed.add(slot);
          if (round % 3 !== 0 && back >= 0 && main.recall(back)) recalled.add(back);
          back--;
        }
        const broken = Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) => {
          const ends = Number(recalled.has(slot)) + Number(killed.has(slot)) + finished[slot]!;
          return ends !== 1 || claimed[slot] !== Number(!recalled.has(slot));
        });
        expect(broken, `round ${round}`).to.deep.equal([]);
        totals.recalled += recalled.size;
        totals.killed += killed.size;
        totals.done += SLOTS - recalled.size - killed.size;
      }
      Atomics.store(control, 0, rounds + 1);
      await exit;
      // The race was one: each side won some.
      for (const [end, count] of Object.entries(totals)) expect(count, end).to.be.above(0);
    });

    for (const [count, lingerMs] of [1, 2].flatMap((berths) => [0, 0.05, 5].map((ms) => [berths, ms] as const))) {
      it(`every order is taken once, in order, by a worker that has room for ${count} and lingers for ${lingerMs} ms`, async () => {
        const berths = Array.from({ length: count }, (_, index) => new Berth(index));
        const mailboxes = berths.map(({ mailbox }) => mailbox);
        const [control, seen] = [sharedWords(1), sharedWords(2000)];
        const buffers = mailboxes.map(({ buffer }) => buffer);
        const worker = race({ play: 'orders', mailboxes: buffers, lingerMs, control, seen });
        const exit = once(worker, 'exit');
        let shifts = 0;
        let handedOver = 0;
        for (let order = 1; order <= seen.length; order++) {
          const mailbox = mailboxes[(order - 1) % count]!;
          while (!mailbox.orderDone);
          if (mailbox.post({ kind: 'retire', retires: order, count: 1, parcel: false })) handedOver++;
          else Atomics.store(control, 0, ++shifts);
          // At times at once, at times after a while, so that the shift closes just now, or is closed.
          for (let spin = (order % 5) * (order % 11) * 40; spin > 0; spin--) Atomics.load(control, 0);
          // At times the next one comes when nothing is left, at times while this one is being done.
          while (order % 3 === 0 && !mailbox.orderDone);
        }
        await exit;
        expect([...seen]).to.deep.equal(Array.from(seen, (_, index) => index + 1));
        expect(shifts).to.be.above(0);
        if (lingerMs === 5) expect(handedOver).to.be.above(0);
      });
    }

    it('no result goes unannounced', async () => {
      const main = new Mailbox();
      const status = new ThreadStatus();
      const control = sharedWords(1);
      const { port1, port2 } = new MessageChannel();
      const rounds = 200;
      const shared = { mailbox: main.buffer, status: status.buffer };
      const worker = race({ play: 'announces', ...shared, rounds, slots: SLOTS, control, port: port2 });
      const exit = once(worker, 'exit');
      for (let round = 1; round <= rounds; round++) {
        for (let slot = 0; slot < SLOTS; slot++) main.queue(slot);
        // Only wake-ups make this side look.
        const all = new Promise<void>((resolve) => {
          port1.removeAllListeners('message');
          port1.on('message', () => {
            status.awake();
            for (let slot = 0; slot < SLOTS; slot++) if (main.state(slot) !== SlotState.done) return;
            resolve();
          });
        });
        Atomics.store(control, 0, round);
        await all;
      }
      await exit;
      port1.close();
    });
  });
});
