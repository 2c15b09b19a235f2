import type { Attack } from '../attack.ts';
import { MEMORY_LIMIT_MB, TIME_LIMIT_MS } from './observe.ts';
import type { Observation } from './protocol.ts';

/** From here on memory is worth a word. */
const MUCH_MB = 400;

/** Names of errors. */
const REFUSAL = /^([a-z]+-)*[a-z]+( after \d+)?$/;

/** What an attack did to the bare host, in a few words for a table. */
export function describeObservation(attack: Attack, observation: Observation): string {
  const { changedOutside, megabytes, printed, forged } = observation;
  const parts = [whatHappened(attack, observation)];
  if (changedOutside) parts.push('**changed files outside**');
  if (observation.outcome?.injected === true) parts.unshift('**ran the JavaScript**');
  if (megabytes > MUCH_MB && observation.end !== 'grown') parts.push(`took ${megabytes} MB`);
  // An error of the process's own is on its stderr.
  if (printed > 0 && observation.end === 'by itself')
    parts.push(`printed ${bytes(printed)}${forged ? ', **forged lines** among them' : ''}`);
  return parts.join('; ');
}

function bytes(count: number): string {
  return count < 10_000 ? `${count} bytes` : `${Math.round(count / 1000)} KB`;
}

function whatHappened(attack: Attack, { end, signal, outcome }: Observation): string {
  if (end === 'stopped') return `**hung** until it was killed after ${TIME_LIMIT_MS / 1000} s`;
  if (end === 'grown') return `**grew** until it was killed at ${MEMORY_LIMIT_MB / 1024} GB`;
  if (end === 'died' || outcome === undefined) return `**the process ended** (${signal})`;
  if (outcome.ended === 'not loaded') return 'not loaded';
  if (outcome.ended === 'threw') return `${errorClass(outcome.message)}${afterwards(outcome.next)}`;
  return `${answered(attack, outcome.answer ?? '')}${afterwards(outcome.next)}`;
}

function errorClass(message = ''): string {
  const [name] = message.split(':');
  return /^[A-Za-z]+Error$/.test(name ?? '') ? (name ?? '') : 'an error';
}

function afterwards(next: 'works' | 'is answered otherwise' | 'fails' | undefined): string {
  if (next === 'fails') return ', and the instance is of no more use';
  return next === 'is answered otherwise' ? ', and the next answer is wrong' : '';
}

/** Of a script, the first call that was allowed to do what it should not. */
function answered({ phase, input = 'hello', ending }: Attack, answer: string): string {
  if (phase === 'load') return '**loaded and run**';
  if ('code' in ending) return '**answered**';
  if (typeof ending.output !== 'string')
    return ending.output.test(answer) ? 'the same' : `**answered** \`${answer.split('\n').at(-1)?.slice(0, 40)}\``;
  if (answer === ending.output) return 'the same';
  const calls = input.split('\n');
  const expected = ending.output.split('\n');
  const got = answer.split('\n');
  const differing = calls.flatMap((call, index) =>
    got[index] === expected[index] ? [] : [{ call, got: got[index] ?? '', expected: expected[index] ?? '' }],
  );
  // A refusal by another name is a refusal.
  const allowed = differing.filter(
    (step) => /^(ok|directory|regular-file)\b/.test(step.got) && !step.expected.startsWith('ok'),
  );
  const [first] = allowed;
  if (first === undefined)
    return differing.every((step) => REFUSAL.test(step.got)) ? 'refused by other names' : 'other answers';
  const more = allowed.length === 1 ? '' : ` and ${allowed.length - 1} more`;
  return `**allowed** \`${first.call.slice(0, 60)}\`${more}`;
}
