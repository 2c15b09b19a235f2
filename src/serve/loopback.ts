import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';
import { refusal } from './problem.ts';

/** A loopback address or its name in the header `Host`, with a port or without. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/**
 * Refuses what a page of somebody else's could have a browser of this machine send: without tokens it is the address alone
 * that keeps others out. A name that was bound to 127.0.0.1 meanwhile (DNS rebinding) shows in `Host`, another site in `Origin`.
 *
 * @throws {Problem} 403.
 */
export function assertFromHere({ host, origin }: IncomingHttpHeaders): void {
  if (host === undefined || !LOOPBACK.test(host)) {
    throw refusal(
      403,
      'The host is not this one.',
      'Without tokens, the server answers to 127.0.0.1, [::1] and localhost.',
    );
  }
  // `null` is that of a sandboxed page and of a file.
  if (origin !== undefined && URL.parse(origin)?.host !== host) {
    throw refusal(403, 'Pages of other sites may not ask.', 'Start the server with tokens for clients.');
  }
}
