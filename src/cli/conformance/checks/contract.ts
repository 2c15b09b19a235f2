import { matchContract } from '../../../contract/match.ts';
import { CONTRACT_MAJOR, CONTRACT_PACKAGE } from '../../../contract/worlds.ts';
import { findMismatches } from '../../mismatches.ts';
import { failed, type Outcome, passed } from '../finding.ts';
import type { Subject } from '../subject.ts';

/** Whether the component fits the contract and what its policy lets it use. */
export async function checkContract({ options: { analysis }, policy }: Subject): Promise<Outcome> {
  const problems = findMismatches(analysis, policy.maxMemoryBytes);
  if (problems.length === 0) {
    return passed(`implements ${matchContract(analysis).world} of ${CONTRACT_PACKAGE}@${CONTRACT_MAJOR}`);
  }
  const [first] = problems;
  return failed(
    'does not fit the contract',
    first?.hint ?? 'Build it against a world of the contract.',
    problems.map(({ code, message }) => `${code}: ${message}`),
  );
}
