import type { ProcessOptions } from '../request/process-options.ts';
import type { Exchange } from './exchange.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { refusal } from './problem.ts';

/** The parts of a query that the server knows: one that is misspelt is not to be left out silently. */
const QUERY = new Set(['option', 'deadline-ms', 'version', 'refused', 'ordered', 'concurrency']);
/** `wait` of RFC 7240, in seconds. */
const WAIT = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i;
const REFUSED = /(?:^|[,;\s])refused\s*=\s*"?422"?\s*(?:$|[,;])/i;

/** What a client says about its request, beside the input. */
export interface Asking {
  readonly process: ProcessOptions;
  /** Options of the request, from the query and from headers. */
  readonly options: readonly (readonly [string, string])[];
  /** Whether an answer with `success: false` is to be a 422. */
  readonly refused: '200' | '422';
}

/**
 * Reads the headers and the query of a request: `deadline-ms`, `version` and `option` stand in either, `Prefer: wait=2` gives
 * seconds.
 *
 * @param limits The most that it may ask for, which it gets otherwise, and the least.
 * @throws {Problem} 400.
 */
export function readAsking(
  exchange: Pick<Exchange, 'request' | 'requestId' | 'signal' | 'query'>,
  limits: Pick<ResolvedHandlerOptions, 'deadlineMs' | 'minDeadlineMs'>,
): Asking {
  const { deadlineMs, minDeadlineMs } = limits;
  const { query, requestId, signal } = exchange;
  const { headers } = exchange.request;
  if (query.size > 0) assertKnown(query);
  const prefer = headers.prefer === undefined ? '' : String(headers.prefer);
  const version = query.get('version') ?? single(headers['plugin-version']);
  const asked = askedDeadline(query.get('deadline-ms') ?? single(headers['deadline-ms']), prefer);
  const refused = query.get('refused') ?? (REFUSED.test(prefer) ? '422' : '200');
  if (refused !== '200' && refused !== '422') throw refusal(400, '`refused` is 200 or 422.');
  return {
    process: {
      signal,
      requestId,
      deadlineMs: Math.max(Math.min(asked ?? deadlineMs, deadlineMs), minDeadlineMs),
      whenFull: 'reject',
      ...(version !== undefined && version !== '' && { version }),
    },
    options: readOptions(query, single(headers['plugin-option'])),
    refused,
  };
}

function assertKnown(query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (!QUERY.has(name)) {
      throw refusal(400, 'The query has a part that is not known.', `Known are ${[...QUERY].join(', ')}.`);
    }
  }
}

function askedDeadline(milliseconds: string | undefined, prefer: string): number | undefined {
  if (milliseconds !== undefined) {
    if (!/^\d{1,10}$/.test(milliseconds)) throw refusal(400, '`deadline-ms` is a whole number of milliseconds.');
    return Number(milliseconds);
  }
  const wait = prefer === '' ? undefined : WAIT.exec(prefer)?.[1];
  return wait === undefined ? undefined : Number(wait) * 1000;
}

/** `option=key=value`, as on the command line; in a header several stand behind commas, percent-encoded. */
function readOptions(query: URLSearchParams, header: string | undefined): [string, string][] {
  const given = query.size > 0 ? query.getAll('option') : [];
  if (header !== undefined) given.push(...header.split(',').map((part) => decoded(part.trim())));
  return given.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw refusal(400, 'An option is key=value.');
    return [text.slice(0, at), text.slice(at + 1)];
  });
}

/** @throws {Problem} 400 for what is not percent-encoded UTF-8. */
export function decoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal(400, 'The address is not percent-encoded UTF-8.');
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
