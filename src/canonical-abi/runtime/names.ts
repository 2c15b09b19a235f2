export { lowerCamel, upperCamel } from '../../component/js-names.ts';

/** The name of a function as WIT has it: `f`, `[constructor]r`, `[method]r.f`, `[static]r.f`. */
export type FunctionName =
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'constructor'; readonly resource: string }
  | { readonly kind: 'method' | 'static'; readonly resource: string; readonly name: string };

export function parseFunctionName(name: string): FunctionName {
  const match = /^\[(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(name);
  if (match === null) return { kind: 'function', name };
  const [, kind, resource = '', member] = match;
  if (kind === 'constructor') return { kind, resource };
  if (member === undefined) return { kind: 'function', name };
  return { kind: kind === 'method' ? 'method' : 'static', resource, name: member };
}

/** `wasi:io/poll@0.2.6` as `wasi:io/poll`: releases of one interface share the host's implementation. */
export function unversioned(name: string): string {
  const at = name.indexOf('@');
  return at === -1 ? name : name.slice(0, at);
}
