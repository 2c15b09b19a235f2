import type { ResourceLimits } from 'node:worker_threads';
import type { ResolvedPolicy } from '../host/policy/policy.ts';

const MiB = 1024 * 1024;

/** What the threads of one class are made of. V8 fixes stack and heap when a thread starts, so plugins share classes. */
export interface ThreadClass {
  readonly name: 'small' | 'medium' | 'large';
  readonly stackBytes: number;
  /** Bytes of the JavaScript heap: glue, strings on their way, not the guests' linear memories. */
  readonly heapBytes: number;
  /** The group whose sessions alone have such a thread; undefined for those that are for all. */
  readonly sessionsOf?: string;
}

/** In order of size. The heap follows the largest output that a policy of the class may allow. */
const CLASSES: readonly ThreadClass[] = [
  { name: 'small', stackBytes: 1 * MiB, heapBytes: 96 * MiB },
  { name: 'medium', stackBytes: 4 * MiB, heapBytes: 192 * MiB },
  { name: 'large', stackBytes: 64 * MiB, heapBytes: 1024 * MiB },
];

/** How often an output may stand in the heap at once: as the guest's string, as a copy, as garbage. */
const OUTPUT_COPIES = 6;

/** The smallest class that satisfies a policy. */
export function threadClassOf(policy: Pick<ResolvedPolicy, 'maxStackBytes' | 'maxOutputBytes'>): ThreadClass {
  const fitting = CLASSES.find(
    ({ stackBytes, heapBytes }) =>
      policy.maxStackBytes <= stackBytes && policy.maxOutputBytes * OUTPUT_COPIES <= heapBytes,
  );
  return fitting ?? CLASSES.at(-1)!;
}

export function resourceLimitsOf({ stackBytes, heapBytes }: ThreadClass): ResourceLimits {
  return { stackSizeMb: stackBytes / MiB, maxOldGenerationSizeMb: heapBytes / MiB };
}
