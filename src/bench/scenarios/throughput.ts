import { closedLoop } from '../loads.ts';
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

/** Requests a second with a fixed number of callers, and what each costs. */
export const scenario: Scenario = {
  name: 'throughput',
  question: 'How many requests a second, and what does each of them cost?',
  module: import.meta.url,
  metrics: [
    { name: 'rate', unit: '/s', better: 'higher' },
    { name: 'CPU per request', unit: 'µs', better: 'lower' },
    { name: 'memory', unit: 'MiB', better: 'lower' },
  ],

  cases: (effort, candidates) =>
    SIZES[effort].flatMap((bytes) =>
      CALLERS[effort].map((callers): Case => {
        // 8,192 requests of 64 KiB are half a gigabyte in flight: that is another question.
        const inFlight = Math.min(callers, Math.max(64, Math.floor(2 ** 26 / bytes)));
        return {
          name: `${bytes} B, ${inFlight} callers`,
          parameters: { bytes, callers: inFlight },
          candidates,
        };
      }),
    ),

  async open(name, setting) {
    const candidate = await openCandidate(name, setting);
    return {
      async round({ bytes, callers }: Parameters, milliseconds) {
        const input = inputOf(setting.request.input, Number(bytes));
        const cpu = cpuOf(candidate);
        const load = await closedLoop(Number(callers), milliseconds, () => candidate.process(input));
        if (load.failed > 0) throw new Error(`${load.failed} of ${load.failed + load.done} requests failed`);
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
