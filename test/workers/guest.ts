import { compileModules } from '../../src/artifact/artifact.ts';
import { compileComponent } from '../../src/artifact/compile-component.ts';
import type { PluginDefinition } from '../../src/artifact/definition.ts';
import type { Utterance } from '../../src/contract/values.ts';
import { CallContext } from '../../src/host/call-context.ts';
import { type Policy, resolvePolicy } from '../../src/host/policy/policy.ts';
import { createWasi } from '../../src/host/wasi/index.ts';
import { PluginInstance } from '../../src/instance/plugin-instance.ts';
import { createRuntime } from '../../src/instance/runtime.ts';
import { plugin } from '../support/wat.ts';

/** The stack of the main thread, in which these guests run. */
export const STACK_BYTES: number = 984 * 1024;

const INTERFACE = 'toolsku:plugin-system/plugin-api@1.0.0';

/** How the tests of a guest differ from the smallest plugin that works. */
export interface GuestOptions {
  /** Bodies of the functions; those that are left out return empty answers. */
  readonly process?: string;
  readonly initialize?: string;
  readonly shutdown?: string;
  readonly metadata?: string;
  readonly realloc?: string;
  readonly postReturn?: string;
  /** More definitions for the module: functions, data, tables. */
  readonly more?: string;
  /** @default (memory (export "memory") 1) */
  readonly memory?: string;
}

/**
 * A plugin of the full world whose functions are the given text. Strings go into data segments from 1024 on; 512 to
 * 1024 is for what the functions return; the allocator begins at 8192.
 */
export function fullPlugin(options: GuestOptions = {}): Promise<Uint8Array> {
  const { process = 'i32.const 512', initialize = 'i32.const 600', shutdown = 'i32.const 600' } = options;
  const {
    metadata = 'i32.const 640',
    realloc = REALLOC,
    postReturn = '',
    more = '',
    memory = '(memory (export "memory") 1)',
  } = options;
  return plugin(`(module
    (import "toolsku:plugin-system/host-api@1.0.0" "log-message" (func $log (param i32 i32 i32 i32 i32)))
    (import "toolsku:plugin-system/host-api@1.0.0" "get-config" (func $get (param i32 i32 i32)))
    (import "toolsku:plugin-system/host-api@1.0.0" "emit-event" (func $emit (param i32 i32 i32 i32 i32)))
    ${memory}
    (global $free (mut i32) (i32.const 8192))
    ;; A response with success = 1 and all strings empty, an ok, and empty metadata.
    (data (i32.const 520) "\\01")
    (func (export "cabi_realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
      ${realloc})
    (func (export "${INTERFACE}#process") (param $input i32) (param $length i32) (param $options i32) (param $count i32)
      (result i32) ${process})
    (func (export "cabi_post_${INTERFACE}#process") (param i32) ${postReturn})
    (func (export "${INTERFACE}#initialize") (param $config i32) (param $count i32) (result i32) ${initialize})
    (func (export "${INTERFACE}#shutdown") (result i32) ${shutdown})
    (func (export "${INTERFACE}#get-metadata") (result i32) ${metadata})
    ${more})`);
}

/** A bump allocator that aligns to 8 and never grows the memory. */
export const REALLOC = `
  (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
  (global.get $free)
  (global.set $free (i32.add (global.get $free) (local.get $size)))`;

/** `return` a response at 512 whose output is `length` bytes at `pointer`. */
export function respond(pointer: number | string, length: number | string): string {
  const operand = (value: number | string) => (typeof value === 'number' ? `(i32.const ${value})` : value);
  return `(i32.store (i32.const 512) ${operand(pointer)}) (i32.store (i32.const 516) ${operand(length)}) (i32.const 512)`;
}

export interface Launched {
  readonly instance: PluginInstance;
  readonly said: Utterance[];
  readonly definition: PluginDefinition;
  readonly context: CallContext;
}

/** Instantiates a plugin in this thread. */
export async function launch(
  bytes: Uint8Array,
  options: {
    /** @default the one that the component gets */
    readonly binding?: 'direct' | 'glue';
    readonly policy?: Policy;
    readonly config?: readonly (readonly [string, string])[];
    /** Import objects of its own, or the WASI host of the project. @default none */
    readonly wasi?: Record<string, object> | 'real';
  } = {},
): Promise<Launched> {
  const policy = resolvePolicy(options.policy ?? {});
  const { maxMemoryBytes, interrupt, maxInstructions } = policy;
  const component = await compileComponent(bytes, {
    maxMemoryBytes,
    interrupt,
    metered: maxInstructions !== undefined,
    ...(options.binding === 'glue' && { binding: 'glue' }),
  });
  if (options.binding !== undefined && component.binding.kind !== options.binding) {
    throw new Error(`The binding is ${component.binding.kind}`);
  }
  const definition: PluginDefinition = {
    plugin: 'guest',
    version: '1.0.0',
    contract: component.contract,
    binding: component.binding,
    modules: await compileModules({ ...component, sha256: '', key: '' }),
    maxBytes: component.summary.maxBytes,
    memories: 1,
    environment: [],
    config: options.config ?? [],
    policy,
    imports: [],
  };
  const said: Utterance[] = [];
  const context = new CallContext(policy, (utterance) => {
    said.push(utterance);
    return true;
  });
  const wasi =
    options.wasi === 'real'
      ? createWasi({ policy, context })
      : options.wasi && {
          imports: options.wasi,
          outside: undefined,
          begin() {},
          command() {},
          drain() {},
          request: () => [{}, {}] as const,
          serve: () => ({ request: {}, answer() {}, isOver: () => true }),
          lastWords: () => [],
          flush() {},
          keep: () => 'it is a test',
          close() {},
        };
  const surroundings = { context, wasi, stackBytes: STACK_BYTES };
  return {
    instance: new PluginInstance(definition, createRuntime(definition), surroundings),
    said,
    definition,
    context,
  };
}

/** The body of a string in the text format. */
export function watString(text: string): string {
  return Array.from(Buffer.from(text), (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}
