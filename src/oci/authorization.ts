import type { Credentials } from './docker-config.ts';
import { RegistryFault } from './errors.ts';
import { isThisMachine } from './reference.ts';
import { ask, type ExchangeOptions } from './transport.ts';

/** Bytes of a token's answer. */
const MAX_TOKEN_BYTES = 1024 * 1024;

/** What a registry asks of who wants something of it. */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | undefined };

/** Reads `WWW-Authenticate` (RFC 9110, 11.6.1), as far as registries use it. */
export function parseChallenge(header: string | null): Challenge | undefined {
  const [, scheme, rest = ''] = /^\s*(basic|bearer)\b(.*)$/is.exec(header ?? '') ?? [];
  if (scheme === undefined) return undefined;
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' };
  const parameters = new Map(
    [...rest.matchAll(/(?<![a-z])([a-z]+)="([^"]*)"/gi)].map(([, name, value]) => [name!.toLowerCase(), value!]),
  );
  const realm = parameters.get('realm');
  return realm === undefined ? undefined : { scheme: 'bearer', realm, service: parameters.get('service') };
}

/**
 * What goes into `Authorization` to meet a challenge: the pair itself, or a token that the registry's service gives for it.
 *
 * @param scope What is to be done: `repository:acme/redact:pull`.
 * @throws {RegistryFault} where nobody is named and one has to be, or no token is given.
 */
export async function authorize(
  challenge: Challenge,
  registry: URL,
  scope: string,
  credentials: Credentials | undefined,
  exchange: ExchangeOptions,
): Promise<string> {
  if (challenge.scheme === 'basic') {
    if (credentials === undefined || !('username' in credentials)) throw unknown(registry);
    return basic(credentials);
  }
  const { realm, service } = challenge;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  // A password would go there: no less safe than the way to the registry, which is HTTPS or does not leave this machine.
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && registry.protocol === 'http:' && isThisMachine(url));
  if (url === undefined || !isSafe) {
    throw new RegistryFault(`${registry.host} sends for a token to what is no HTTPS address`);
  }
  const token = 'identityToken';
  const answer =
    credentials !== undefined && token in credentials
      ? await ask({
          method: 'POST',
          url,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({
            grant_type: 'refresh_token',
            refresh_token: credentials.identityToken,
            client_id: 'wasm-plugin-pool',
            scope,
            ...(service !== undefined && { service }),
          }).toString(),
          ...exchange,
        })
      : await ask({
          method: 'GET',
          url: asking(url, scope, service),
          ...(credentials !== undefined && { headers: { authorization: basic(credentials) } }),
          ...exchange,
        });
  if (!answer.ok) {
    await answer.drop();
    if (credentials === undefined) throw unknown(registry);
    throw new RegistryFault(`${url.host} gives no token: it answers ${answer.status}`, {
      status: answer.status,
      hint: 'Log in again: docker login',
    });
  }
  return `Bearer ${tokenOf(await answer.bytes(MAX_TOKEN_BYTES), url)}`;
}

function asking(realm: URL, scope: string, service: string | undefined): URL {
  const url = new URL(realm);
  url.searchParams.set('scope', scope);
  if (service !== undefined) url.searchParams.set('service', service);
  return url;
}

function basic({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function tokenOf(bytes: Uint8Array, { host }: URL): string {
  try {
    const { token, access_token: accessToken } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const given = token ?? accessToken;
    // What stands in a header: visible characters.
    if (typeof given === 'string' && /^[\x21-\x7e]+$/.test(given)) return given;
  } catch {
    // Said below.
  }
  throw new RegistryFault(`the answer of ${host} holds no token`);
}

function unknown({ host }: URL): RegistryFault {
  return new RegistryFault(`${host} wants to know who asks`, {
    status: 401,
    hint: `Log in: docker login ${host}`,
  });
}
