import { workerData } from 'node:worker_threads';
import type { PluginDefinition } from '../../src/artifact/definition.ts';
import { CallContext } from '../../src/host/call-context.ts';
import { PluginInstance } from '../../src/instance/plugin-instance.ts';
import { createRuntime } from '../../src/instance/runtime.ts';

// What a user of Piscina and jco would write: one instance a worker, made at start, one task per request.
const { definition } = workerData as { readonly definition: PluginDefinition };
const instance = new PluginInstance(definition, createRuntime(definition), {
  context: new CallContext(definition.policy, () => true),
  wasi: undefined,
  stackBytes: 4 * 1024 * 1024,
});
instance.initialize();

export default function process(request: { input: string; options: [string, string][] }): unknown {
  return instance.process(request.input, request.options);
}
