import { transpile } from '../../../../src/artifact/transpile.ts';
import { compileGlue } from '../../../../src/canonical-abi/glue.ts';
import { coreModuleBytes } from '../../../../src/canonical-abi/plan/core-modules.ts';
import { planBinding } from '../../../../src/canonical-abi/plan/plan-binding.ts';
import { LinkedComponent, type LiveComponent } from '../../../../src/canonical-abi/runtime/component.ts';
import { parseComponent } from '../../../../src/component/parse.ts';

export type Imports = Readonly<Record<string, object>>;
export type Exports = Readonly<Record<string, unknown>>;

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Links a component with the direct binding; fails when it is not for it. */
export async function linked(bytes: Uint8Array): Promise<LinkedComponent> {
  const component = parseComponent(bytes);
  const binding = planBinding(bytes, component);
  if (binding.kind === 'unsupported') throw new Error(`The direct binding does not run it: ${binding.reason}`);
  // What a plan is made of survives both ways on which it travels.
  const plan = structuredClone(JSON.parse(JSON.stringify(binding.plan)) as typeof binding.plan);
  const modules = coreModuleBytes(bytes, component).map((core) => WebAssembly.compile(core));
  return new LinkedComponent(plan, await Promise.all(modules), { maxOutputBytes: MAX_OUTPUT_BYTES });
}

/** Makes one instance with the direct binding. */
export async function direct(bytes: Uint8Array, imports: Imports = {}): Promise<LiveComponent> {
  return (await linked(bytes)).instantiate(imports);
}

/** What makes instances of a component with jco's glue. */
export async function glued(bytes: Uint8Array): Promise<(imports?: Imports) => Exports> {
  const { glue, modules } = await transpile(bytes);
  const compiled = new Map<string, WebAssembly.Module>();
  for (const { name, bytes: core } of modules) compiled.set(name, await WebAssembly.compile(core));
  const instantiate = compileGlue(glue, { maxOutputBytes: MAX_OUTPUT_BYTES });
  return (imports = {}) =>
    instantiate(
      (name) => compiled.get(name)!,
      imports,
      (module, coreImports) => new WebAssembly.Instance(module, coreImports),
    );
}
