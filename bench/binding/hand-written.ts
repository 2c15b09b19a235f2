import type { Buffer } from 'node:buffer';
import type { RequestBytes } from '../../src/canonical-abi/runtime/contract.ts';
import type { Subject } from './support.ts';

type Core = (...values: number[]) => number;

/** `process` of `plugin-world` without options, by calling the core exports: what somebody writes who trusts the guest. */
export function handWritten(
  { linked, contract }: Subject,
  host: Readonly<Record<string, object>>,
  { bytes: from, inputAt, inputLength }: RequestBytes,
  out: Buffer,
): () => void {
  const instances: WebAssembly.Instance[] = [];
  const live = linked.instantiate(host, (module, imports) => {
    const instance = new WebAssembly.Instance(module, imports);
    instances.push(instance);
    return instance;
  });
  (live.exports[contract.exportName] as { initialize(config: unknown[]): void }).initialize([]);
  const { exports } = instances.find((instance) => 'cabi_realloc' in instance.exports)!;
  const memory = exports.memory as WebAssembly.Memory;
  const realloc = exports.cabi_realloc as Core;
  const core = exports[`${contract.exportName}#process`] as Core;
  const postReturn = exports[`cabi_post_${contract.exportName}#process`] as Core;
  let bytes = new Uint8Array(memory.buffer);
  let view = new DataView(memory.buffer);
  const refresh = (): void => {
    if (bytes.length > 0) return;
    bytes = new Uint8Array(memory.buffer);
    view = new DataView(memory.buffer);
  };
  const copy = (source: Uint8Array, at: number, length: number, target: Uint8Array, to: number): void => {
    if (length > 16) target.set(source.subarray(at, at + length), to);
    else for (let index = 0; index < length; index++) target[to + index] = source[at + index]!;
  };
  return () => {
    const input = realloc(0, 0, 1, inputLength);
    refresh();
    copy(from, inputAt, inputLength, bytes, input);
    const answer = core(input, inputLength, realloc(0, 0, 4, 0), 0);
    refresh();
    copy(bytes, view.getUint32(answer, true), view.getUint32(answer + 4, true), out, 0);
    postReturn(answer);
  };
}
