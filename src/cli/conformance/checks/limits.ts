import { PAGE_BYTES } from '../../../component/caps.ts';
import { PluginError } from '../../../errors.ts';
import { byteSize, count } from '../../printable.ts';
import { failed, type Outcome, passed, skipped, warned } from '../finding.ts';
import { type Reply, replyText, requestText, type Subject } from '../subject.ts';
import { isRefusal } from './start.ts';

/** What ends a plugin in order when it has too little memory. */
const IN_ORDER = new Set(['ERR_MEMORY_LIMIT', 'ERR_INITIALIZE_FAILED', 'ERR_STACK_OVERFLOW']);

/** Pages beyond what the component begins with: too few for the large inputs. */
const SPARE_PAGES = 4;

/** Requests in flight while the memory is watched. */
const CONCURRENCY = 256;

/** Whether it lives with a host that refuses what it asks: log lines, clocks, random numbers. */
export async function checkRefusals(subject: Subject): Promise<Outcome> {
  const { samples } = subject.options;
  const problems: string[] = [];
  const cases = [
    ['its log messages and events are refused', { maxLogBytes: 0 }],
    ['there are no clocks', { allowClocks: false }],
    ['there are no random numbers', { allowRandom: false }],
  ] as const;
  for (const [index, [what, overrides]] of cases.entries()) {
    const problem = await subject
      .load(
        `refusals-${index}`,
        async (process) => {
          for (const sample of samples) {
            const reply = await process(sample);
            if ('error' in reply) return `${requestText(sample)}: ${reply.error.message}`;
          }
          return undefined;
        },
        overrides,
      )
      .catch((error: unknown) => startProblem(error));
    if (problem !== undefined) problems.push(`when ${what}: ${problem}`);
  }
  if (problems.length === 0) return passed('works, or says no, without log, clocks and random numbers');
  return warned(
    'traps when the host refuses something',
    'Handle the error: what is refused depends on the policy under which it will run.',
    problems,
  );
}

/** Whether too little memory ends it in order: with an answer, a refusal or the limit, and never with nonsense. */
export async function checkMemoryLimit(subject: Subject): Promise<Outcome> {
  const { analysis, samples } = subject.options;
  const least = analysis.modules.reduce(
    (bytes, { instances, memories }) =>
      bytes + instances * memories.reduce((sum, { limits: { min } }) => sum + min * PAGE_BYTES, 0),
    0,
  );
  // Tables count, too; four pages are room for those of any guest that is not built to have more.
  const maxMemoryBytes = least + SPARE_PAGES * PAGE_BYTES;
  if (least === 0) return skipped('it has no memory');
  if (maxMemoryBytes >= subject.policy.maxMemoryBytes)
    return skipped('its policy leaves it no more than it begins with');
  const large = { ...samples[0], input: `${samples[0]?.input ?? ''} `.padEnd(1024 * 1024, 'lorem ipsum ') };
  try {
    const replies: Reply[] = await subject.load(
      'memory-limit',
      async (process) => [await process(large), await process(samples[0]!)],
      { maxMemoryBytes },
    );
    const odd = replies.filter((reply) => 'error' in reply && !IN_ORDER.has(reply.error.code));
    if (odd.length === 0)
      return passed(`with ${byteSize(maxMemoryBytes)}, 1 MiB of input ends in ${endOf(replies[0]!)}`);
    return failed(
      `with ${byteSize(maxMemoryBytes)} it ends out of order`,
      'Check what an allocation returns, and trap where there is none.',
      odd.map(replyText),
    );
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    if (!IN_ORDER.has(error.code)) {
      return failed('does not start with little memory, out of order', 'Trap where an allocation fails.', [
        error.message,
      ]);
    }
    return passed(`does not start with ${byteSize(maxMemoryBytes)}, and the limit says so`);
  }
}

function endOf(reply: Reply): string {
  if ('error' in reply) return reply.error.code;
  return reply.answer.success ? 'an answer' : 'a refusal';
}

/** Whether its memory stays the same over many requests. */
export async function checkMemoryFlat(subject: Subject): Promise<Outcome> {
  const { samples, calls } = subject.options;
  if (subject.policy.instances === 'fresh') return skipped('its policy gives each request an instance of its own');
  const name = 'memory-flat';
  const quarter = Math.floor(calls / 4);
  return subject.load(name, async (process) => {
    const peaks: number[] = [];
    const problems = new Set<string>();
    let asked = 0;
    const client = async (until: number): Promise<void> => {
      while (asked < until) {
        const sample = samples[asked++ % samples.length]!;
        const reply = await process(sample);
        if ('error' in reply) problems.add(`${requestText(sample)}: ${reply.error.message} (${reply.error.code})`);
      }
    };
    for (let part = 1; part <= 4; part++) {
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, quarter) }, () => client(part * quarter)));
      peaks.push(seen(subject, name).memoryPeakBytes);
    }
    if (problems.size > 0) {
      return failed(
        `some of ${count(4 * quarter)} calls ended its instance, which answered the same requests before`,
        'Look for what only some calls do: a garbage collection, a cache that is full, a counter that runs over.',
        [...problems],
      );
    }
    const { instancesMade } = seen(subject, name);
    const [, half = 0, third = 0, last = 0] = peaks;
    const shown = peaks.map((bytes) => byteSize(bytes)).join(', ');
    // A heap that is collected may take one more step at any time; a leak takes one in every part that is long enough.
    if (third > half && last > third) {
      const perCall = Math.ceil((last - half) / (2 * quarter));
      return failed(
        `grows with every request: ${shown} after each quarter of ${count(4 * quarter)} calls, about ${count(perCall)} bytes a call`,
        'Free what `process` returned in its post-return (bindings generators do), and empty caches. A policy with `maxRequestsPerInstance` replaces instances before they are full.',
      );
    }
    const replaced = instancesMade > 1 ? ` over ${instancesMade} instances` : '';
    return passed(`${byteSize(last)} after ${count(4 * quarter)} calls${replaced}`);
  });
}

function seen({ engine }: Subject, name: string): { memoryPeakBytes: number; instancesMade: number } {
  const entry = engine.metrics.snapshot().plugins.find(({ plugin }) => plugin === name);
  return entry ?? { memoryPeakBytes: 0, instancesMade: 0 };
}

/** Not starting is a refusal, too, unless it was a trap. */
function startProblem(error: unknown): string | undefined {
  if (!(error instanceof PluginError)) throw error;
  return isRefusal(error) ? undefined : error.message;
}
