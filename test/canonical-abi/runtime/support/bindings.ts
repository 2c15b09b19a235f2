import { Buffer } from 'node:buffer';
import { transpile } from '../../../../src/artifact/transpile.ts';
import { compileGlue } from '../../../../src/canonical-abi/glue.ts';
import { coreModuleBytes } from '../../../../src/canonical-abi/plan/core-modules.ts';
import type { BindingPlan } from '../../../../src/canonical-abi/plan/plan.ts';
import { planBinding } from '../../../../src/canonical-abi/plan/plan-binding.ts';
import { CallCodecs } from '../../../../src/canonical-abi/runtime/calls/call-codec.ts';
import { viewOf, WireSink } from '../../../../src/canonical-abi/runtime/calls/wire.ts';
import { LinkedComponent, type LiveComponent } from '../../../../src/canonical-abi/runtime/component.ts';
import type { Component } from '../../../../src/component/ast.ts';
import { parseComponent } from '../../../../src/component/parse.ts';

export type Imports = Readonly<Record<string, object>>;
export type Exports = Readonly<Record<string, unknown>>;

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

function planned(bytes: Uint8Array): { readonly component: Component; readonly plan: BindingPlan } {
  const component = parseComponent(bytes);
  const binding = planBinding(bytes, component);
  if (binding.kind === 'unsupported') throw new Error(`The direct binding does not run it: ${binding.reason}`);
  // What a plan is made of survives both ways on which it travels.
  return { component, plan: structuredClone(JSON.parse(JSON.stringify(binding.plan)) as BindingPlan) };
}

/** Links a component with the direct binding; fails when it is not for it. */
export async function linked(bytes: Uint8Array): Promise<LinkedComponent> {
  const { component, plan } = planned(bytes);
  const modules = coreModuleBytes(bytes, component).map((core) => WebAssembly.compile(core));
  return new LinkedComponent(plan, await Promise.all(modules), { maxOutputBytes: MAX_OUTPUT_BYTES });
}

/** Makes one instance with the direct binding. */
export async function direct(bytes: Uint8Array, imports: Imports = {}): Promise<LiveComponent> {
  return (await linked(bytes)).instantiate(imports);
}

/** Calls a function as it is called across threads: arguments and result as bytes, which the mailbox may have no room for. */
export type AcrossThreads = (owner: string | undefined, name: string, args: readonly unknown[]) => unknown;

/** Makes an instance with the direct binding that is called across threads. */
export async function across(bytes: Uint8Array, imports: Imports = {}): Promise<AcrossThreads> {
  const { plan } = planned(bytes);
  const live = (await linked(bytes)).instantiate(imports);
  const codecs = new CallCodecs(plan);
  const mailbox = Buffer.from(new SharedArrayBuffer(4096));
  return (owner, name, args) => {
    const codec = codecs.find(owner, name)!;
    const { bytes: from, from: start, end } = codec.encode(args);
    // In the midst of other things, which are no part of it.
    const sent = Buffer.alloc(end - start + 24, 0xff);
    from.copy(sent, 16, start, end);
    const wire = { bytes: sent, view: viewOf(sent), at: 16, shift: 16 - start };
    const sink = new WireSink(mailbox);
    sink.reset(1024, 1024 + 64);
    const larger = (): WireSink => new WireSink(Buffer.alloc(1), (size) => Buffer.from(new ArrayBuffer(size)));
    const taken = live.byteCall!(codec.number)(wire, sink, larger);
    return codec.decode(taken.bytes.buffer, taken === sink ? 1024 : 0);
  };
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
