import { isDeepStrictEqual } from 'node:util';
import { type ExportedFunction, exportedFunctions } from '../../../component/exported-functions.ts';
import { shownName } from '../../../component/names.ts';
import { PluginError } from '../../../errors.ts';
import { failed, type Outcome, passed, skipped } from '../finding.ts';
import { type Amount, SampleValues } from '../sample-values.ts';
import type { Subject } from '../subject.ts';

/** Whether the component fits the world that it is held against. */
export async function checkOwnWorld(subject: Subject): Promise<Outcome> {
  const { own } = subject.options;
  try {
    await subject.load('contract', async () => {});
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    const { code, message, hint } = error;
    // What else keeps it from coming up is another check's.
    if (code === 'ERR_INCOMPATIBLE_WIT' || code === 'ERR_INVALID_ARGUMENT' || code === 'ERR_UNKNOWN_IMPORT')
      return failed('does not fit the world', hint ?? 'Build it against the world.', [`${code}: ${message}`]);
  }
  return passed(`implements ${own!.world}`);
}

/** Whether each function returns for ordinary arguments, be it an error. */
export function checkFunctions(subject: Subject): Promise<Outcome> {
  return callAll(subject, 'functions', ['usual']);
}

/** The same for arguments at the ends of their types. */
export function checkOddArguments(subject: Subject): Promise<Outcome> {
  return callAll(subject, 'odd-arguments', ['least', 'most']);
}

/** Whether a function returns the same for the same. */
export async function checkStableResults(subject: Subject): Promise<Outcome> {
  if (subject.options.disclaims.has('stable-output')) return skipped('it does not claim equal answers');
  const differing: string[] = [];
  const functions = callable(subject);
  if (functions.length === 0) return skipped(NOTHING);
  for (const func of functions) {
    const first = await resultOf(subject, 'stable-1', func, 'usual');
    const second = await resultOf(subject, 'stable-2', func, 'usual');
    if (!isDeepStrictEqual(first, second)) differing.push(`${shownName(func.path)} returned two things`);
  }
  if (differing.length === 0) return passed(`${functions.length} functions gave equal results twice`);
  const hint = 'Clocks, random numbers and the order of maps show in results; with `--unstable` this is not asked.';
  return failed(`${differing.length} of ${functions.length} functions gave two results`, hint, differing);
}

const NOTHING = 'it exports no function that can be called without a session';

/** Calls every function on a fresh instance, so that what one did is not another's. */
async function callAll(subject: Subject, name: string, amounts: readonly Amount[]): Promise<Outcome> {
  const functions = callable(subject);
  if (functions.length === 0) return skipped(NOTHING);
  const problems: string[] = [];
  let calls = 0;
  for (const func of functions) {
    for (const amount of amounts) {
      const result = await resultOf(subject, name, func, amount);
      if (result === 'too large') continue;
      calls++;
      if (result instanceof PluginError)
        problems.push(`${shownName(func.path)} with ${WORDS[amount]}: ${result.message} (${result.code})`);
    }
  }
  if (problems.length === 0) return passed(`${calls} calls of ${functions.length} functions returned`);
  const hint = 'Return an error of a `result`, which says what is wrong; a trap says nothing, and costs the instance.';
  return failed(`${problems.length} of ${calls} calls end its instance`, hint, problems);
}

const WORDS: Readonly<Record<Amount, string>> = {
  least: 'empty arguments',
  usual: 'ordinary arguments',
  most: 'arguments at the ends of their types',
};

function callable({ options: { analysis } }: Subject): ExportedFunction[] {
  return exportedFunctions(analysis.exports).filter(({ obstacle }) => obstacle === undefined);
}

/** What a function returned, or the error that ended it. */
function resultOf(subject: Subject, name: string, { path, type }: ExportedFunction, amount: Amount): Promise<unknown> {
  const args = new SampleValues(amount).argumentsFor(type.params);
  if (args === undefined) return Promise.resolve('too large');
  return subject.load(
    name,
    () => subject.engine.call(name, path, args, { whenFull: 'wait' }).catch((error: unknown) => error),
    {},
  );
}
