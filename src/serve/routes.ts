import type { Exchange } from './exchange.ts';

/** What a route takes from the address: the name of a plugin, and what stands behind it. */
type Parameters = readonly string[];

/** One thing that can be asked of the server. */
export interface Route {
  /** `any` takes all of them, HEAD as such. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'any';
  /** Its parts: `:` is any one of them, `*` at the end is all that are left. */
  readonly path: readonly string[];
  /**
   * `open` needs no token, so that what keeps an eye on the process needs none. What an `observer` sees is of all clients: where
   * they have tokens, it is for administrators.
   */
  readonly access: 'open' | 'client' | 'observer' | 'administrator';
  /** What the audit log calls it. */
  readonly action?: string;
  readonly run: (exchange: Exchange, parameters: Parameters) => void | Promise<void>;
}

/** `/plugins/:/call/*` as a path. */
export function path(pattern: string): readonly string[] {
  return pattern.split('/').slice(1);
}

/** What a path leads to: a route, or the methods of those that it would lead to. */
export type Found =
  | { readonly route: Route; readonly parameters: Parameters }
  | { readonly allowed: readonly string[] };

/** The route of a method and a path; HEAD is GET without its body. */
export function findRoute(routes: readonly Route[], method: string, segments: readonly string[]): Found {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const allowed = new Set<string>();
  for (const route of routes) {
    const parameters = match(route.path, segments);
    if (parameters === undefined) continue;
    if (route.method === wanted || route.method === 'any') return { route, parameters };
    allowed.add(route.method);
    if (route.method === 'GET') allowed.add('HEAD');
  }
  return { allowed: [...allowed] };
}

function match(pattern: readonly string[], segments: readonly string[]): string[] | undefined {
  const hasRest = pattern.at(-1) === '*';
  if (hasRest ? segments.length < pattern.length : segments.length !== pattern.length) return undefined;
  const parameters: string[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const part = pattern[at]!;
    const segment = segments[at]!;
    if (part === '*') parameters.push(segments.slice(at).join('/'));
    else if (part !== ':') {
      if (part !== segment) return undefined;
    } else if (segment === '') return undefined;
    else parameters.push(segment);
  }
  return parameters;
}
