/** The checks, in the order in which they run. */
export const CHECKS = [
  'contract',
  'start',
  'metadata',
  'answers',
  'stable-output',
  'no-state',
  'odd-input',
  'odd-config',
  'refusals',
  'memory-limit',
  'memory-flat',
  'shutdown',
] as const;

/** The name of a check. */
export type CheckName = (typeof CHECKS)[number];

/** How a check went. */
export interface Outcome {
  /** `warned`: worth a look, and no breach. `skipped`: it could not be told, or does not apply. */
  readonly status: 'passed' | 'failed' | 'warned' | 'skipped';
  /** What was found, in one line. */
  readonly summary: string;
  /** The cases behind it, a line each. */
  readonly details?: readonly string[];
  /** What its author can do about it. */
  readonly hint?: string;
}

/** A check with its outcome. */
export interface Finding extends Outcome {
  readonly check: CheckName;
}

export function passed(summary: string): Outcome {
  return { status: 'passed', summary };
}

export function skipped(summary: string): Outcome {
  return { status: 'skipped', summary };
}

export function failed(summary: string, hint: string, details: readonly string[] = []): Outcome {
  return { status: 'failed', summary, hint, details };
}

export function warned(summary: string, hint: string, details: readonly string[] = []): Outcome {
  return { status: 'warned', summary, hint, details };
}
