import { readFile } from 'node:fs/promises';
import { coreModuleBytes } from '../../src/canonical-abi/plan/core-modules.ts';
import { planBinding } from '../../src/canonical-abi/plan/plan-binding.ts';
import { LinkedComponent } from '../../src/canonical-abi/runtime/component.ts';
import { parseComponent } from '../../src/component/parse.ts';
import { CallContext } from '../../src/host/call-context.ts';
import { resolvePolicy } from '../../src/host/policy/policy.ts';
import { createWasi } from '../../src/host/wasi/index.ts';

type Imports = Readonly<Record<string, unknown>>;

/** Links a component with the direct binding; what it returns makes instances. */
export async function bound(file: string): Promise<(imports: Imports) => Readonly<Record<string, unknown>>> {
  const bytes = new Uint8Array(await readFile(file));
  const component = parseComponent(bytes);
  const binding = planBinding(bytes, component);
  if (binding.kind === 'unsupported') throw new Error(binding.reason);
  const modules = coreModuleBytes(bytes, component).map((core) => new WebAssembly.Module(core));
  const linked = new LinkedComponent(binding.plan, modules, { maxOutputBytes: 2 ** 30 });
  const policy = resolvePolicy({});
  const wasi = createWasi({ policy, context: new CallContext(policy, () => true) });
  return (imports) => linked.instantiate({ ...withPayloads(imports), ...wasi.imports }).exports;
}

/** jco's glue takes whatever is thrown and is no `Error` for a WIT `err`. */
function withPayloads(imports: Imports): Imports {
  const wrapped = Object.entries(imports).map(([name, item]) => {
    if (typeof item !== 'object' || item === null) return [name, wrap(item)];
    return [name, Object.fromEntries(Object.entries(item).map(([key, value]) => [key, wrap(value)]))];
  });
  return Object.fromEntries(wrapped);
}

function wrap(item: unknown): unknown {
  // A class is not to be wrapped: instances are told by it.
  if (typeof item !== 'function' || /^class\b/.test(Function.prototype.toString.call(item))) return item;
  return (...values: unknown[]) => {
    try {
      return item(...values);
    } catch (error) {
      throw error instanceof Error ? error : { payload: error };
    }
  };
}
