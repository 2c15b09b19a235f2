import type { ComponentAnalysis } from '../component/analyze.ts';
import { parseInterfaceName } from '../contract/interface-name.ts';
import type { ResolvedPolicy } from '../host/policy/policy.ts';

interface Capability {
  /** Packages of WASI that give it, or single interfaces. */
  readonly wasi: readonly string[];
  readonly what: string;
  readonly fields: readonly (keyof ResolvedPolicy)[];
}

const CAPABILITIES: readonly Capability[] = [
  { wasi: ['wasi:filesystem'], what: 'finds no files', fields: ['allowFsRead', 'allowFsWrite'] },
  { wasi: ['wasi:sockets', 'wasi:http'], what: 'reaches no network', fields: ['allowNetwork'] },
  { wasi: ['wasi:cli/environment'], what: 'sees no environment variables', fields: ['allowEnv'] },
  { wasi: ['wasi:clocks'], what: 'is not told the time', fields: ['allowClocks'] },
  { wasi: ['wasi:random'], what: 'gets no random numbers', fields: ['allowRandom'] },
];

/**
 * What of WASI a component imports that its policy gives nothing of. It loads all the same: WASI interfaces always
 * link, and deny at the call.
 */
export function denials(analysis: ComponentAnalysis, policy: ResolvedPolicy): string[] {
  return CAPABILITIES.flatMap(({ wasi, what, fields }) => {
    const imported = analysis.imports.filter(({ name }) => wasi.some((prefix) => matches(name, prefix)));
    if (imported.length === 0 || fields.some((field) => grants(policy[field]))) return [];
    return [`It imports ${imported[0]!.name} but ${what}: the policy grants no ${fields.join(' and no ')}.`];
  });
}

function matches(name: string, prefix: string): boolean {
  const parsed = parseInterfaceName(name);
  return parsed !== undefined && (parsed.package === prefix || `${parsed.package}/${parsed.interface}` === prefix);
}

function grants(value: ResolvedPolicy[keyof ResolvedPolicy]): boolean {
  return Array.isArray(value) ? value.length > 0 : value === true;
}
