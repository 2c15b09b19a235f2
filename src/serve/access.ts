import { hash, timingSafeEqual } from 'node:crypto';
import { invalidArgument, knownKeys } from '../arguments/arguments.ts';
import { refusal } from './problem.ts';

/**
 * Bearer tokens by the name of who has them, for the audit log. Each has at least 16 characters.
 *
 * @example
 * const tokens: Tokens = { clients: { web: process.env.WEB_TOKEN! } };
 * const server = createServer(engine, { tokens });
 */
export interface Tokens {
  /** For clients. @default none: every request is a client's */
  readonly clients?: Readonly<Record<string, string>>;
  /** For administration, which is a client's right too. @default none: nothing can be administered */
  readonly administration?: Readonly<Record<string, string>>;
}

/** Who asks, and what for. */
type Right = 'client' | 'administrator';

/** Who a request is from. */
export interface Caller {
  readonly name: string;
  readonly right: Right;
}

interface Holder extends Caller {
  /** Of the token: digests have one length, so that comparing them tells nothing of the token. */
  readonly digest: Buffer;
}

const FEWEST_CHARACTERS = 16;
const ANYONE: Caller = { name: 'anyone', right: 'client' };
/** RFC 6750, 2.1. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** Knows who has which token. */
export class Access {
  readonly #holders: readonly Holder[];
  /** Whether a client needs a token. */
  readonly isClosed: boolean;
  /** Whether anything can be administered. */
  readonly isAdministered: boolean;

  /** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
  constructor(tokens: Tokens) {
    knownKeys('tokens', tokens, ['clients', 'administration']);
    const clients = holders('clients', tokens.clients, 'client');
    const administrators = holders('administration', tokens.administration, 'administrator');
    this.#holders = [...administrators, ...clients];
    this.isClosed = clients.length > 0;
    this.isAdministered = administrators.length > 0;
  }

  /**
   * Who a request is from.
   *
   * @param authorization The header of that name.
   * @throws {Problem} 401 where it shows no token, or one that nobody has, and one is needed.
   */
  identify(authorization: string | undefined): Caller {
    if (authorization === undefined) {
      if (this.isClosed) throw unauthorized('Send a token: `Authorization: Bearer …`.');
      return ANYONE;
    }
    const token = BEARER.exec(authorization)?.[1];
    const digest = token === undefined ? undefined : digestOf(token);
    let found: Caller | undefined;
    // All of them, so that the time that it takes does not say which.
    for (const holder of this.#holders) {
      if (digest !== undefined && timingSafeEqual(holder.digest, digest)) found ??= holder;
    }
    if (found === undefined) throw unauthorized('The token is not known here.');
    return found;
  }

  /** @throws {Problem} 401 or 403 where the caller may not administer. */
  assertAdministrator({ right }: Caller): void {
    if (right === 'administrator') return;
    if (!this.isAdministered) {
      throw refusal(403, 'Administration is off.', 'The server was started without a token for administration.');
    }
    throw refusal(403, 'This needs a token for administration.');
  }
}

function holders(name: string, tokens: Readonly<Record<string, string>> = {}, right: Right): Holder[] {
  if (typeof tokens !== 'object' || tokens === null) throw invalidArgument(`tokens.${name}`, 'an object', tokens);
  return Object.entries(tokens).map(([holder, token]) => {
    // The token is not shown: errors end up in logs.
    if (typeof token !== 'string' || token.length < FEWEST_CHARACTERS || !BEARER.test(`bearer ${token}`)) {
      const expectation = `a token: at least ${FEWEST_CHARACTERS} characters of A-Z a-z 0-9 - . _ ~ + /`;
      throw invalidArgument(`tokens.${name}.${holder}`, expectation, '…');
    }
    return { name: holder, right, digest: digestOf(token) };
  });
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

function unauthorized(detail: string): Error {
  return refusal(401, 'A token is needed.', detail, { 'www-authenticate': 'Bearer realm="wasm-plugin-pool"' });
}
