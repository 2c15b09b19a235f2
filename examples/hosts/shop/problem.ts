import type { ErrorCode, PluginError } from '../../../src/index.ts';

/** What a client is told; nothing of the plugin's insides. */
interface Problem {
  readonly status: number;
  readonly title: string;
}

const PROBLEMS: Readonly<Partial<Record<ErrorCode, Problem>>> = {
  ERR_PLUGIN_NOT_FOUND: { status: 404, title: 'This customer has no rule.' },
  ERR_QUEUE_FULL: { status: 503, title: 'The shop is busy; ask again.' },
  ERR_DEADLINE: { status: 504, title: 'The rule took too long.' },
  ERR_CPU_TIME_LIMIT: { status: 504, title: 'The rule took too long.' },
};

/** Of a plugin that cannot be loaded, the customer may read why; of a request that failed, that it did. */
const REFUSED: ReadonlySet<ErrorCode> = new Set([
  'ERR_NOT_A_COMPONENT',
  'ERR_INVALID_COMPONENT',
  'ERR_INCOMPATIBLE_WIT',
  'ERR_UNKNOWN_IMPORT',
  'ERR_COMPONENT_TOO_COMPLEX',
]);

export function problemOf({ code, message }: PluginError): Problem {
  if (REFUSED.has(code)) return { status: 422, title: message };
  return PROBLEMS[code] ?? { status: 502, title: 'The rule failed.' };
}
