import { invalidArgument } from '../arguments/arguments.ts';
import type { ArtifactSummary } from '../artifact/artifact.ts';
import { putInto } from '../canonical-abi/runtime/calls/put-into.ts';
import { shownName } from '../component/names.ts';
import { PluginError } from '../errors.ts';
import type { ExportedFunction } from './exported-function.ts';

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for what is no buffer of the caller's own. */
export function checkOwnBuffer(into: unknown): asserts into is Uint8Array {
  if (!(into instanceof Uint8Array)) throw invalidArgument('into', 'a Uint8Array', into);
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT` for a function that returns no bytes. */
export function assertReturnsBytes(types: ArtifactSummary['types'], { path, result }: ExportedFunction): void {
  const returned = result === undefined ? undefined : types[result];
  const type = returned?.kind === 'result' ? types[returned.ok ?? -1] : returned;
  if (type?.kind === 'list' && type.length === undefined && types[type.element]?.kind === 'u8') return;
  throw new PluginError('ERR_INVALID_ARGUMENT', `\`into\` is for bytes, and ${shownName(path)} returns none`, {
    hint: 'Leave it out for functions that return neither `list<u8>` nor a `result` of it.',
  });
}

/** What a call returned, with its bytes in the caller's buffer, where they are already if they came as bytes. */
export function inOwnBuffer(returned: unknown, into: Uint8Array): unknown {
  if (returned instanceof Uint8Array) return placed(returned, into);
  const { tag, val } = (returned ?? {}) as { readonly tag?: unknown; readonly val?: unknown };
  return tag === 'ok' && val instanceof Uint8Array ? { tag, val: placed(val, into) } : returned;
}

function placed(bytes: Uint8Array, into: Uint8Array): Uint8Array {
  return bytes.buffer === into.buffer ? bytes : (putInto(into, bytes) ?? bytes);
}
