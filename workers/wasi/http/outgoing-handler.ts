import type { WasiHost } from '../host.ts';
import type { Resource } from '../resource.ts';
import { WitError } from '../wit-error.ts';

/** `wasi:http/outgoing-handler`: denies every request; it owns both arguments. */
export function outgoingHandler(host: WasiHost): object {
  return {
    handle(request: Resource, options: Resource | undefined): never {
      host.hostCall();
      request[Symbol.dispose]();
      options?.[Symbol.dispose]();
      throw new WitError({ tag: 'HTTP-request-denied' });
    },
  };
}
