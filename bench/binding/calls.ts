import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { bindProcess, type ResponseSink } from '../../src/canonical-abi/runtime/contract.ts';
import { CallContext } from '../../src/host/call-context.ts';
import { createHostApi } from '../../src/host/host-api.ts';
import { hostile } from '../../test/fixtures/guests.ts';
import { handWritten } from './hand-written.ts';
import { asPublished } from './jco.ts';
import { MAX_OUTPUT_BYTES, prepare, requestBytes, time } from './support.ts';

/*
 * What a call costs with each binding, in one thread, in nanoseconds of CPU time:
 *
 *     node bench/binding/calls.ts [PLUGIN.wasm]
 *
 * `jco` is jco's glue as it is published to be used; `glue` is the same source as the workers run it; `values` is the
 * direct binding with JavaScript values; `bytes` is the worker's hot path; `hand` calls the core exports with what a
 * person would write who trusts the guest.
 */

const file = process.argv[2] ?? new URL('../../examples/plugins/redact/redact.wasm', import.meta.url);
const bytes = new Uint8Array(await readFile(file));
const subject = await prepare(bytes);
const name = subject.contract.exportName;

interface Api {
  initialize(config: readonly unknown[]): void;
  process(request: { readonly input: string; readonly options: readonly (readonly string[])[] }): unknown;
}

const context = new CallContext(
  { maxHostCalls: 1e12, maxHostCallBytes: Number.MAX_SAFE_INTEGER, maxLogBytes: 1e12 },
  () => true,
);
const host = { 'toolsku:plugin-system/host-api': createHostApi([['prefix', 'x']], context) };
const newCore = (module: WebAssembly.Module, imports?: WebAssembly.Imports): WebAssembly.Instance =>
  new WebAssembly.Instance(module, imports);
const glueInstance = (): Readonly<Record<string, unknown>> =>
  subject.glue((module) => subject.glueModules.get(module)!, host, newCore);
const started = (exports: Readonly<Record<string, unknown>>): Api => {
  const api = exports[name] as Api;
  api.initialize([]);
  return api;
};

const published = await asPublished(bytes);
const jco = started(published(host));
const glue = started(glueInstance());
const live = subject.linked.instantiate(host);
const direct = started(live.exports);
const processBytes = bindProcess(live, subject.contract, MAX_OUTPUT_BYTES)!;

const out = Buffer.from(new SharedArrayBuffer(1024 * 1024));
const sink: ResponseSink = {
  respond(memory, at, length) {
    if (length > 16) memory.copy(out, 0, at, at + length);
    else for (let index = 0; index < length; index++) out[index] = memory[at + index]!;
  },
};

const rows: Record<string, Record<string, number>> = {};
for (const length of [16, 1024, 65_536]) {
  const input = 'sixteen bytes ok'.repeat(length / 16);
  const request = requestBytes(input);
  const values = { input, options: [] };
  const hand = handWritten(subject, host, request, out);
  const costs = {
    jco: time(() => jco.process(values)),
    glue: time(() => glue.process(values)),
    values: time(() => direct.process(values)),
    bytes: time(() => processBytes(request, sink)),
    hand: time(hand),
  };
  rows[`process, ${length} B`] = {
    ...costs,
    'jco / bytes': costs.jco / costs.bytes,
    'bytes / hand': costs.bytes / costs.hand,
  };
}

const cores: [WebAssembly.Module, WebAssembly.Imports | undefined][] = [];
subject.linked.instantiate(host, (module, imports) => {
  cores.push([subject.originals.get(module)!, imports]);
  return new WebAssembly.Instance(module, imports);
});
const instances = {
  jco: time(() => published(host)),
  glue: time(glueInstance),
  values: time(() => subject.linked.instantiate(host)),
  hand: time(() => cores.map(([module, imports]) => new WebAssembly.Instance(module, imports))),
};
rows.instantiate = { ...instances, 'bytes / hand': instances.values / instances.hand };
const lent = time(() => subject.linked.instantiate(host).release());
rows['instantiate, memory reused'] = { values: lent, hand: instances.hand, 'bytes / hand': lent / instances.hand };

const chatty = await prepare(new Uint8Array(await hostile()));
const talk = started(chatty.linked.instantiate(host).exports);
const talkGlue = started(chatty.glue((module) => chatty.glueModules.get(module)!, host, newCore));
for (const word of ['config', 'log', 'event']) {
  const cost = (api: Api): number => {
    const calls = (count: number): number => time(() => api.process({ input: `flood-${word} ${count}`, options: [] }));
    return (calls(3000) - calls(1000)) / 2000;
  };
  rows[`host call: ${word}`] = { glue: cost(talkGlue), values: cost(talk) };
}

console.table(
  Object.fromEntries(
    Object.entries(rows).map(([row, cells]) => [
      row,
      Object.fromEntries(Object.entries(cells).map(([cell, value]) => [cell, Number(value.toPrecision(3))])),
    ]),
  ),
);
