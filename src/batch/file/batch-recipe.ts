import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { JournalHeader } from '../journal/journal.ts';
import type { ResolvedFileBatchOptions } from './options.ts';

/** A plugin that records may go to: results depend on all of it. */
export interface UsedPlugin {
  readonly name: string;
  readonly sha256: string;
  readonly config: Readonly<Record<string, string>>;
  /** Undefined where it is the workers' business. */
  readonly policy?: unknown;
  /** What the embedder supplies to it; left out where there is nothing. */
  readonly imports?: readonly unknown[];
}

/** What the results depend on beside the input. Hashed, because a configuration may be a secret. */
export function recipeOf(options: ResolvedFileBatchOptions, used: readonly UsedPlugin[]): JournalHeader['recipe'] {
  const { plugin, chain, ordered, deadlineMs, retry, idempotent } = options.batch;
  const { inputs, output, deadLetter, atMostOnce, fields, selection, identity } = options;
  const parts = {
    // Records may name any of them.
    plugins: used
      .map(({ name, sha256, config, policy, imports = [] }) => {
        const parts = [name, sha256, Object.entries(config).sort(), policy];
        return imports.length === 0 ? parts : [...parts, imports];
      })
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    chain: [plugin, ...chain],
    order: ordered,
    attempts: [atMostOnce, idempotent, retry.attempts, deadlineMs],
    formats: [inputs.map(({ format, compression }) => [format, compression]), output.encoding, output.compression],
    tables: [inputs.map(({ csv, optionColumns }) => [csv, optionColumns]), output.csv, output.columns],
    files: [output.path, deadLetter?.path].map((path) => (path === undefined ? null : resolve(path))),
    fields,
    selection,
    options: options.options,
    identity,
  };
  const hash = (value: unknown): string =>
    createHash('sha256')
      .update(JSON.stringify(value) ?? '')
      .digest('hex');
  return Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, hash(value)]));
}
