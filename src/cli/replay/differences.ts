import type { WireError } from '../../errors.ts';
import { isFailure, type Recording } from '../../recording/recording.ts';
import type { HostCallEntry } from '../../recording/tape.ts';
import { formatFrame } from '../../text/wasm-frame.ts';

const SHOWN = 200;
/** How much of what two texts have in common is shown before the place where they part. */
const COMMON = 40;

/** What a run did otherwise than the recorded one, each in a line; empty where it did the same. */
export function differencesOf(recorded: Recording, replayed: Recording): string[] {
  const found: string[] = [];
  compareOutcomes(recorded.outcome, replayed.outcome, found);
  // Where the calls of one are not all known, only those that are can be compared.
  if (recorded.gap === undefined) compareCalls(recorded.calls, replayed.calls, found);
  return found;
}

/** How a request ended, in one line. */
export function outcomeLine(outcome: Recording['outcome']): string {
  return cut(wholeLine(outcome));
}

function wholeLine(outcome: Recording['outcome']): string {
  if (isFailure(outcome)) return `${outcome.error.code}: ${outcome.error.message}`;
  const { success, output, errorMessage } = outcome.response;
  if (success) return `answer ${JSON.stringify(output)}`;
  return `refused: ${JSON.stringify(errorMessage ?? output)}`;
}

/** Whether a request failed, or was answered with `success: false`. */
export function hasFailed({ outcome }: Recording): boolean {
  return isFailure(outcome) || !outcome.response.success;
}

function compareOutcomes(before: Recording['outcome'], now: Recording['outcome'], found: string[]): void {
  if (!isFailure(before) && !isFailure(now)) {
    if (outcomeText(before.response) === outcomeText(now.response)) return;
  } else if (isFailure(before) && isFailure(now) && errorText(before.error) === errorText(now.error)) {
    const [then, today] = [before.error, now.error].map(({ backtrace = [] }) => backtrace.map(formatFrame));
    const at = then!.findIndex((frame, index) => frame !== today![index]);
    if (at >= 0) found.push(`frame ${at} was ${then![at]}, and is ${today![at] ?? 'none'}`);
    else if (today!.length !== then!.length)
      found.push(`the backtrace had ${then!.length} frames, and has ${today!.length}`);
    return;
  }
  const [then, today] = apart(wholeLine(before), wholeLine(now));
  found.push(`was ${cut(then)}`, `is  ${cut(today)}`);
}

function outcomeText({
  output,
  success,
  errorMessage,
}: {
  output: string;
  success: boolean;
  errorMessage?: string;
}): string {
  return JSON.stringify([output, success, errorMessage]);
}

/** What is the same on every machine: of limits that is which one, as messages may name the time that was used. */
function errorText({ code, trap, message, limit }: WireError): string {
  return JSON.stringify(limit === undefined ? [code, trap, message] : [code, limit]);
}

function compareCalls(before: readonly HostCallEntry[], now: readonly HostCallEntry[], found: string[]): void {
  const at = before.findIndex((entry, index) => JSON.stringify(entry) !== JSON.stringify(now[index]));
  if (at < 0 && before.length === now.length) return;
  const place = at < 0 ? before.length : at;
  const shown = (entry: HostCallEntry | undefined): string =>
    entry === undefined ? 'none' : cut(`${entry.name}(${JSON.stringify(entry.args).slice(1, -1)})`);
  found.push(`call ${place + 1} to the host was ${shown(before[place])}, and is ${shown(now[place])}`);
}

/** What is the same of two long texts is left out before the place at which they part. */
function apart(one: string, other: string): [string, string] {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const from = at - COMMON;
  return from > COMMON ? [`…${one.slice(from)}`, `…${other.slice(from)}`] : [one, other];
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
