import { Buffer } from 'node:buffer';
import { compileModules } from '../../src/artifact/artifact.ts';
import { compileComponent } from '../../src/artifact/compile-component.ts';
import { compileGlue, type Instantiate } from '../../src/canonical-abi/glue.ts';
import { coreModuleBytes, coreModulesOf } from '../../src/canonical-abi/plan/core-modules.ts';
import { planBinding } from '../../src/canonical-abi/plan/plan-binding.ts';
import { LinkedComponent } from '../../src/canonical-abi/runtime/component.ts';
import type { RequestBytes } from '../../src/canonical-abi/runtime/contract.ts';
import { parseComponent } from '../../src/component/parse.ts';
import type { ContractMatch } from '../../src/contract/match.ts';

import { median } from '../lib/stats.ts';

export const MAX_OUTPUT_BYTES: number = 16 * 1024 * 1024;

/** A plugin, ready under both bindings and as bare modules. */
export interface Subject {
  readonly contract: ContractMatch;
  readonly linked: LinkedComponent;
  /** The core modules as the file has them, by those that the direct binding makes instances of. */
  readonly originals: ReadonlyMap<WebAssembly.Module, WebAssembly.Module>;
  readonly glue: Instantiate;
  readonly glueModules: ReadonlyMap<string, WebAssembly.Module>;
}

export async function prepare(bytes: Uint8Array<ArrayBuffer>): Promise<Subject> {
  const component = parseComponent(bytes);
  const binding = planBinding(bytes, component);
  if (binding.kind === 'unsupported') throw new Error(binding.reason);
  const modules = coreModuleBytes(bytes, component).map((core) => new WebAssembly.Module(core));
  const originals = coreModulesOf(component).map(
    ({ span }) => new WebAssembly.Module(bytes.slice(span.start, span.end)),
  );
  const compiled = await compileComponent(bytes, { maxMemoryBytes: 32 * 1024 * 1024, binding: 'glue' });
  if (compiled.binding.kind !== 'glue') throw new Error('It is not bound by the glue');
  return {
    contract: compiled.contract,
    originals: new Map(modules.map((module, place) => [module, originals[place]!])),
    linked: new LinkedComponent(binding.plan, modules, { maxOutputBytes: MAX_OUTPUT_BYTES }),
    glue: compileGlue(compiled.binding.glue, { maxOutputBytes: MAX_OUTPUT_BYTES }),
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

/** Long enough that the clock of CPU time, which may tick in milliseconds, says what it has to. */
const ROUND_MS = 80;
const ROUNDS = 9;

/** Nanoseconds of CPU time that one call takes, the median of several rounds: others on the machine do not count. */
export function time(call: () => unknown): number {
  let calls = 1;
  while (cpuMs(call, calls) < ROUND_MS / 4) calls *= 2;
  calls *= 4;
  return median(Array.from({ length: ROUNDS }, () => (cpuMs(call, calls) * 1e6) / calls));
}

function cpuMs(call: () => unknown, calls: number): number {
  const start = process.threadCpuUsage();
  for (let index = 0; index < calls; index++) call();
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}
