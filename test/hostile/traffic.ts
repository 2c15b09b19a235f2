import type { PluginEngine } from '../../src/engine.ts';
import { describe as describeError } from '../../src/errors.ts';
import { echo } from '../fixtures/guests.ts';

/** The innocent plugin that runs beside the hostile ones. */
const NAME = 'bystander';
const LANES = 2;
const REQUESTS = 4;
const PAUSE_MS = 2;

/** Requests to an innocent plugin that never stop, and the books of how they fared. */
export class Traffic {
  /** What went wrong: an error, a wrong answer. */
  readonly failures: string[] = [];
  readonly #engine: PluginEngine;
  readonly #lanes: Promise<void>[] = [];
  #state: 'flows' | 'stopped' = 'flows';
  #sent = 0;
  #answered = 0;

  private constructor(engine: PluginEngine) {
    this.#engine = engine;
    for (let lane = 0; lane < LANES; lane++) this.#lanes.push(this.#flow());
  }

  static async begin(engine: PluginEngine): Promise<Traffic> {
    await engine.loadPlugin(NAME, await echo(), { config: { prefix: '> ' } });
    return new Traffic(engine);
  }

  get answered(): number {
    return this.#answered;
  }

  /** Resolves when so many more requests have been answered, or one has failed. */
  async passes(requests: number): Promise<void> {
    const goal = this.#answered + requests;
    while (this.#answered < goal && this.failures.length === 0) await pause();
  }

  /** Lets what is under way finish; returns how many requests got no answer. */
  async stop(): Promise<number> {
    this.#state = 'stopped';
    await Promise.all(this.#lanes);
    return this.#sent - this.#answered;
  }

  async #flow(): Promise<void> {
    while (this.#state === 'flows') {
      await Promise.all(Array.from({ length: REQUESTS }, () => this.#request()));
      await pause();
    }
  }

  async #request(): Promise<void> {
    const input = `request ${++this.#sent}`;
    try {
      const { output } = await this.#engine.process(NAME, { input });
      if (output === `> ${input}`) this.#answered++;
      else this.failures.push(`${input} was answered with ${output}`);
    } catch (error) {
      this.failures.push(`${input}: ${describeError(error)}`);
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
