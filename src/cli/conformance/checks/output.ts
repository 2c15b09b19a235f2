import type { ProcessRequest } from '../../../request/request.ts';
import { counted } from '../../printable.ts';
import { failed, type Outcome, passed, skipped } from '../finding.ts';
import { ODD_REQUESTS } from '../odd-requests.ts';
import { type Reply, replyText, requestText, type Subject } from '../subject.ts';

/** How often each sample is asked for on an instance of its own. */
const TRIES = 3;

const LIMITS = /_(LIMIT|OVERFLOW)$/;

/** Whether it answers the samples. */
export async function checkAnswers(subject: Subject): Promise<Outcome> {
  const { samples } = subject.options;
  const replies = await ask(subject, 'answers', samples);
  const problems = problemsOf(samples, replies);
  if (problems.length > 0) {
    return failed(
      'does not answer the samples',
      'A request is to be answered, or refused with `success: false`.',
      problems,
    );
  }
  const refused = replies.filter((reply) => 'answer' in reply && !reply.answer.success).length;
  if (refused === samples.length) {
    return {
      status: 'warned',
      summary: `refuses all samples: ${replies.map(replyText).join(', ').slice(0, 100)}`,
      hint: 'Give it samples that it can work on: `--input TEXT`, with `--option key=value` if it needs any.',
    };
  }
  return passed(
    `answered ${counted(samples.length - refused, 'sample')}${refused === 0 ? '' : `, refused ${refused}`}`,
  );
}

/** Whether new instances give equal answers to equal requests. */
export async function checkStableOutput(subject: Subject): Promise<Outcome> {
  const { samples, disclaims } = subject.options;
  if (disclaims.has('stable-output')) return skipped('it claims none (--unstable)');
  const replies = await askFresh(
    subject,
    'stable-output',
    samples.flatMap((sample) => Array(TRIES).fill(sample)),
  );
  const unequal = samples.filter((_, index) => {
    const own = replies.slice(index * TRIES, (index + 1) * TRIES).map(replyText);
    return new Set(own).size > 1;
  });
  if (unequal.length === 0) return passed(`equal answers from ${TRIES} instances each`);
  return failed(
    `${unequal.length} of ${samples.length} samples get another answer each time`,
    'Look for random numbers, the time, and the order of hash maps. `--unstable` if that is what it is for.',
    unequal.map(requestText),
  );
}

/** Whether an instance that has served others answers as a new one does. */
export async function checkNoState(subject: Subject, stable: boolean): Promise<Outcome> {
  const { samples, disclaims } = subject.options;
  if (disclaims.has('no-state')) return skipped('it keeps some (--stateful)');
  if (!stable) return skipped('its answers differ anyway');
  if (subject.policy.instances === 'fresh') return skipped('its policy gives each request an instance of its own');
  const fresh = await askFresh(subject, 'no-state', samples);
  const used = await subject.load('no-state-warm', async (process) => {
    for (const request of [...samples].reverse()) await process(request);
    for (const request of ODD_REQUESTS) if (request.input.length < 10_000) await process(request);
    const replies: Reply[] = [];
    for (const request of samples) replies.push(await process(request));
    return replies;
  });
  const leaks = samples.flatMap((sample, index) => {
    const [before, after] = [replyText(fresh[index]!), replyText(used[index]!)];
    return before === after
      ? []
      : [`${requestText(sample)}: ${before.slice(0, 60)} at first, ${after.slice(0, 60)} later`];
  });
  if (leaks.length === 0) return passed('a used instance answers as a new one does');
  return failed(
    'requests leave something behind that changes later answers',
    "One customer's data may reach another. Reset the state in `process`; `--stateful` if it is meant to stay, or the policy `instances: 'fresh'`.",
    leaks,
  );
}

/** Whether odd input gets an answer or a refusal, and neither a trap nor a limit. */
export async function checkOddInput(subject: Subject): Promise<Outcome> {
  const replies = await ask(subject, 'odd-input', ODD_REQUESTS);
  const problems = problemsOf(ODD_REQUESTS, replies);
  const refused = replies.filter((reply) => 'answer' in reply && !reply.answer.success).length;
  if (problems.length === 0) return passed(`answered ${replies.length - refused} odd requests, refused ${refused}`);
  const limits = replies.some((reply) => 'error' in reply && LIMITS.test(reply.error.code));
  return failed(
    `${problems.length} of ${replies.length} odd requests end its instance`,
    `Refuse what it cannot work on, with \`success: false\` and a message${limits ? '; where it ran over a limit, bound what it does for an input' : ''}.`,
    problems,
  );
}

function problemsOf(requests: readonly ProcessRequest[], replies: readonly Reply[]): string[] {
  return replies.flatMap((reply, index) =>
    'error' in reply ? [`${requestText(requests[index]!)}: ${reply.error.message} (${reply.error.code})`] : [],
  );
}

/** One after the other on one instance, as long as that lives. */
function ask(subject: Subject, name: string, requests: readonly ProcessRequest[]): Promise<Reply[]> {
  return subject.load(name, async (process) => {
    const replies: Reply[] = [];
    for (const request of requests) replies.push(await process(request));
    return replies;
  });
}

/** Each on an instance of its own. */
function askFresh(subject: Subject, name: string, requests: readonly ProcessRequest[]): Promise<Reply[]> {
  return subject.load(`${name}-fresh`, (process) => Promise.all(requests.map(process)), { instances: 'fresh' });
}
