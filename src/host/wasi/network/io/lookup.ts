import { clearTimeout, setTimeout } from 'node:timers';
import { toSocketError } from '../../sockets/error-code.ts';
import { toFault } from '../fault.ts';
import type { LookupMessage } from '../protocol.ts';
import type { Resolver } from './resolver.ts';
import type { Post, Task } from './task.ts';

/** A look-up of `wasi:sockets/ip-name-lookup`. What of the answer the guest may have is the worker's to decide. */
export function lookup({ name, timeoutMs }: LookupMessage, resolver: Resolver, post: Post): Task {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  resolver
    .resolve(name, abort.signal)
    .finally(() => clearTimeout(timer))
    .then(
      (addresses) => post({ kind: 'opened', opened: addresses }),
      (error: unknown) => post({ kind: 'failed', error: toSocketError(toFault(error)) }),
    );
  return { handle() {}, close: () => abort.abort() };
}
