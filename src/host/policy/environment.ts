import type { ResolvedPolicy } from './policy.ts';

/** The host's environment as a plugin sees it: what its policy names, where it is set. */
export function environmentOf(policy: Pick<ResolvedPolicy, 'allowEnv'>): readonly (readonly [string, string])[] {
  return policy.allowEnv.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
}
