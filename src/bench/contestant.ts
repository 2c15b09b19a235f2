import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { codeFile } from '../package/root.ts';
import type { Answer, Order } from './contestant-process.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { Parameters, Round, Scenario, Setting } from './scenario.ts';

const PROCESS = fileURLToPath(codeFile('src/bench/contestant-process'));
/** The last lines that a process wrote, for the message when it ends. */
const KEPT_OUTPUT = 2_000;

/** A candidate in a process of its own, as the harness sees it. */
export class Contestant {
  readonly name: string;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(name: string) {
    this.name = name;
    this.#child = fork(PROCESS, {
      execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
  }

  /**
   * Starts the process and opens the candidate in it.
   *
   * @throws {Error} with what went wrong there.
   */
  static async open(scenario: Scenario, name: string, setting: Setting): Promise<Contestant> {
    const contestant = new Contestant(name);
    try {
      await contestant.#ask({ kind: 'open', scenario: scenario.module, candidate: name, setting });
      return contestant;
    } catch (error) {
      contestant.kill();
      throw error;
    }
  }

  async round(parameters: Parameters, milliseconds: number): Promise<Round> {
    const answer = await this.#ask({ kind: 'round', parameters, milliseconds });
    if (answer.kind !== 'round') throw new Error(`Expected the numbers of a round, got \`${answer.kind}\`.`);
    const { values, latency } = answer;
    return { values, ...(latency !== undefined && { latency: LatencyHistogram.decode(latency) }) };
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    await this.#ask({ kind: 'close' }).catch(() => this.kill());
    await exit;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #ask(order: Order): Promise<Answer> {
    const over = new AbortController();
    try {
      const answered = once(this.#child, 'message', { signal: over.signal });
      const ended = once(this.#child, 'exit', { signal: over.signal }).then(([code, signal]) => {
        throw new Error(`Its process ended with ${signal ?? `status ${code}`}: ${this.#output.trim()}`);
      });
      this.#child.send(order);
      const [answer] = (await Promise.race([answered, ended])) as [Answer];
      if (answer.kind === 'failed') throw new Error(answer.message);
      return answer;
    } finally {
      over.abort();
    }
  }
}
