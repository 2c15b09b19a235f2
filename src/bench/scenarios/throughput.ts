import { codeFile } from '../../package/root.ts';
import { assertDone, closedLoop } from '../loads.ts';
import { type Case, type Effort, openCandidate, type Parameters, type Scenario } from '../scenario.ts';
import { cpuOf, memoryOf } from '../usage.ts';

const CALLERS: Readonly<Record<Effort, readonly number[]>> = {
  quick: [64],
  default: [1, 64, 1_024, 8_192],
  full: [1, 64, 1_024, 8_192],
};
const SIZES: Readonly<Record<Effort, readonly number[]>> = {
  quick: [16],
  default: [16, 1_024, 65_536],
  full: [16, 1_024, 65_536],
};
/** More bytes than this are not in flight: slow candidates take seconds for them, and 8,192 of 64 KiB are a question of memory. */
const MOST_IN_FLIGHT: Readonly<Record<Effort, number>> = { quick: 2 ** 22, default: 2 ** 22, full: 2 ** 26 };

/** Requests a second with a fixed number of callers, and what each costs. */
export const scenario: Scenario = {
  name: 'throughput',
  question: 'How many requests a second, and what does each of them cost?',
  module: codeFile('src/bench/scenarios/throughput').href,
  metrics: [
    { name: 'rate', unit: '/s', better: 'higher' },
    { name: 'CPU per request', unit: 'µs', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],

  cases: (effort, candidates) =>
    SIZES[effort].flatMap((bytes) =>
      CALLERS[effort]
        .filter((callers) => callers * bytes <= MOST_IN_FLIGHT[effort])
        .map(
          (callers): Case => ({
            name: `${bytes} B, ${callersName(callers)}`,
            parameters: { bytes, callers },
            candidates,
          }),
        ),
    ),

  async open(name, setting) {
    const candidate = await openCandidate(name, setting);
    return {
      async round({ bytes, callers }: Parameters, milliseconds) {
        const input = inputOf(setting.request.input, Number(bytes));
        const cpu = cpuOf(candidate);
        const load = await closedLoop(Number(callers), milliseconds, () => candidate.process(input));
        assertDone(load);
        return {
          values: {
            rate: (load.done / load.milliseconds) * 1000,
            'CPU per request': (cpuOf(candidate) - cpu) / load.done,
            memory: memoryOf(candidate),
          },
        };
      },
      close: () => candidate.close(),
    };
  },
};

/** So many bytes of the text, over and over; of the text itself when its length is to stay. */
export function inputOf(text: string, bytes: number): string {
  return bytes === 0 ? text : text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes);
}

/** How many callers there are, in words. */
export function callersName(callers: number): string {
  return callers === 1 ? '1 caller' : `${callers} callers`;
}
