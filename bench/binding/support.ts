import { Buffer } from 'node:buffer';
import { compileModules } from '../../src/artifact/artifact.ts';
import { compileComponent } from '../../src/artifact/compile-component.ts';
import { coreModuleSpans, planBinding } from '../../src/binding/plan-binding.ts';
import { parseComponent } from '../../src/component/parse.ts';
import type { ContractMatch } from '../../src/contract/match.ts';
import { compileGlue, type Instantiate } from '../../workers/glue.ts';
import { LinkedComponent } from '../../workers/component/component.ts';
import type { RequestBytes } from '../../workers/component/contract.ts';

export const MAX_OUTPUT_BYTES: number = 16 * 1024 * 1024;

/** A plugin, ready under both bindings and as bare modules. */
export interface Subject {
  readonly contract: ContractMatch;
  readonly linked: LinkedComponent;
  readonly glue: Instantiate;
  readonly glueModules: ReadonlyMap<string, WebAssembly.Module>;
}

export async function prepare(bytes: Uint8Array<ArrayBuffer>): Promise<Subject> {
  const component = parseComponent(bytes);
  const binding = planBinding(component);
  if (binding.kind === 'unsupported') throw new Error(binding.reason);
  const modules = coreModuleSpans(component).map(({ start, end }) => new WebAssembly.Module(bytes.slice(start, end)));
  const compiled = await compileComponent(bytes, { maxMemoryBytes: 32 * 1024 * 1024 });
  return {
    contract: compiled.contract,
    linked: new LinkedComponent(binding.plan, modules, { maxOutputBytes: MAX_OUTPUT_BYTES }),
    glue: compileGlue(compiled.glue, { maxOutputBytes: MAX_OUTPUT_BYTES }),
    glueModules: await compileModules({ ...compiled, sha256: '', key: '' }),
  };
}

/** A request as the mailbox holds it. */
export function requestBytes(input: string, options: readonly (readonly [string, string])[] = []): RequestBytes {
  const bytes = Buffer.from(new SharedArrayBuffer(1024 * 1024));
  const inputAt = 4096;
  const inputLength = bytes.write(input, inputAt);
  const optionsAt = inputAt + inputLength;
  let at = optionsAt;
  for (const text of options.flat()) {
    const length = bytes.write(text, at + 4);
    bytes.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return { bytes, inputAt, inputLength, optionsAt, optionCount: options.length };
}

/** Nanoseconds of one call, the median of several rounds. */
export function time(call: () => unknown, calls: number, rounds = 9): number {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < calls; index++) call();
    times.push(Number(process.hrtime.bigint() - start) / calls);
  }
  return times.sort((a, b) => a - b)[rounds >> 1]!;
}
