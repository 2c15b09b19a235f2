import { PluginEngine } from '../../engine.ts';
import { checkContract } from './checks/contract.ts';
import { checkMemoryFlat, checkMemoryLimit, checkRefusals } from './checks/limits.ts';
import { checkAnswers, checkNoState, checkOddInput, checkStableOutput } from './checks/output.ts';
import { checkFunctions, checkOddArguments, checkOwnWorld, checkStableResults } from './checks/own-world.ts';
import { checkShutdown } from './checks/shutdown.ts';
import { checkMetadata, checkOddConfig, checkStart } from './checks/start.ts';
import { CHECKS, type CheckName, type Finding, type Outcome, skipped } from './finding.ts';
import { Subject, type SubjectOptions } from './subject.ts';

/** How one check runs, given what those before it found. */
type Check = (subject: Subject, before: ReadonlyMap<CheckName, Outcome>) => Promise<Outcome>;

const RUN: Readonly<Record<CheckName, Check>> = {
  contract: checkContract,
  start: checkStart,
  metadata: checkMetadata,
  answers: checkAnswers,
  'stable-output': checkStableOutput,
  'no-state': (subject, before) => checkNoState(subject, before.get('stable-output')?.status !== 'failed'),
  'odd-input': checkOddInput,
  'odd-config': checkOddConfig,
  refusals: checkRefusals,
  'memory-limit': checkMemoryLimit,
  'memory-flat': (subject, before) =>
    before.get('answers')?.status === 'failed'
      ? Promise.resolve(skipped('it does not answer the samples'))
      : checkMemoryFlat(subject),
  shutdown: checkShutdown,
};

/** What applies to a component for a world of one's own: nobody knows what its functions are for. */
const RUN_OWN: Readonly<Partial<Record<CheckName, Check>>> = {
  contract: checkOwnWorld,
  start: checkStart,
  answers: checkFunctions,
  'stable-output': checkStableResults,
  'odd-input': checkOddArguments,
};

/** A plugin that fails one of these cannot be looked at further. */
const VITAL: ReadonlySet<CheckName> = new Set(['contract', 'start']);

/**
 * Runs every check, one after the other, on an engine of its own.
 *
 * @param onFinding Hears of each when it is done.
 */
export async function runConformance(
  options: SubjectOptions,
  onFinding: (finding: Finding) => void | Promise<void> = () => {},
): Promise<Finding[]> {
  // One thread, and so one instance at a time: what a check sees is the doing of that one.
  const engine = await PluginEngine.create({ threads: 1 });
  for (const [name, module] of options.imports ?? []) engine.provide(name, module);
  const subject = new Subject(engine, options);
  const run = options.own === undefined ? RUN : RUN_OWN;
  const outcomes = new Map<CheckName, Outcome>();
  const findings: Finding[] = [];
  try {
    for (const check of CHECKS) {
      const lost = [...VITAL].find((vital) => outcomes.get(vital)?.status === 'failed');
      const outcome =
        lost === undefined
          ? ((await run[check]?.(subject, outcomes)) ?? skipped('it is asked of plugins of the contract'))
          : skipped(`it fails ${lost}`);
      outcomes.set(check, outcome);
      const finding = { check, ...outcome };
      findings.push(finding);
      await onFinding(finding);
    }
  } finally {
    await engine.close({ force: true });
  }
  return findings;
}
