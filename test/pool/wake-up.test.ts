import { expect } from 'chai';
import { Mailbox } from '../../src/pool/mailbox.ts';
import { Watchdog } from '../../src/scheduler/watchdog.ts';
import { hostile } from '../fixtures/guests.ts';
import { closeEngines, createEngine } from '../support/engine.ts';
import { outcome, until } from '../support/outcome.ts';

describe('the wake-up of a worker', function () {
  this.timeout(20_000);
  const { get } = Object.getOwnPropertyDescriptor(Mailbox.prototype, 'orderDone')!;
  const { wake } = Watchdog.prototype;
  const nap = new Int32Array(new SharedArrayBuffer(4));

  /** Has the main thread stop between its question whether an order is done and its look at what is, as a busy machine may. */
  function stopBeforeLooks(): void {
    Object.defineProperty(Mailbox.prototype, 'orderDone', {
      configurable: true,
      get(this: Mailbox) {
        const wasDone: boolean = get!.call(this);
        if (wasDone) return true;
        // Until the worker has done it, and said so.
        for (let naps = 0; naps < 1000 && !get!.call(this); naps++) Atomics.wait(nap, 0, 0, 1);
        Atomics.wait(nap, 0, 0, 20);
        return false;
      },
    });
  }

  // Its looks would find it out as well, if the process lives that long: nothing keeps it alive for an idle worker.
  beforeEach(() => {
    Watchdog.prototype.wake = () => {};
  });
  afterEach(async () => {
    Watchdog.prototype.wake = wake;
    Object.defineProperty(Mailbox.prototype, 'orderDone', { configurable: true, get: get! });
    await closeEngines();
  });

  it('is heard when it is taken from the port with a message before it: nothing else may come after it', async () => {
    const engine = await createEngine({ threads: 1 });
    await engine.loadPlugin('hostile', await hostile());
    const ask = (input: string): Promise<string> => outcome(engine.process('hostile', { input }));
    // It is known to be quick, so that many requests go in one order.
    await Promise.all(Array.from({ length: 500 }, () => ask('hello')));
    stopBeforeLooks();
    // Where one is swallowed is the machine's to say.
    for (let round = 0; round < 6; round++) {
      // Errors travel as messages.
      const outcomes = await Promise.all(['hello', 'hello', 'hello', 'unreachable'].map(ask));
      expect(outcomes.at(-1)).to.equal('ERR_TRAP');
      await until(() => engine.status().threads.busy === 0);
    }
  });
});
