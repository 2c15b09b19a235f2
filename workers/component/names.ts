/** `get-random-u64` as `getRandomU64`, which is how jco shows functions and fields. */
export function lowerCamel(label: string): string {
  return label
    .split('-')
    .map((word, index) => (index === 0 ? word.toLowerCase() : capitalised(word)))
    .join('');
}

/** `input-stream` as `InputStream`, which is how jco shows resources. */
export function upperCamel(label: string): string {
  return label.split('-').map(capitalised).join('');
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
}

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
