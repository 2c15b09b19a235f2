import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { coreModuleBytes } from '../../src/canonical-abi/plan/core-modules.ts';
import { planBinding } from '../../src/canonical-abi/plan/plan-binding.ts';
import { LinkedComponent, type LiveComponent } from '../../src/canonical-abi/runtime/component.ts';
import { lowerCamel } from '../../src/canonical-abi/runtime/names.ts';
import { parseComponent } from '../../src/component/parse.ts';
import { describe, PluginError } from '../../src/errors.ts';
import { validate } from './validator.ts';
import { asArgument, constant, matches } from './values.ts';
import { type List, listsOf, textAt } from './wast.ts';

/** How one command of a script ended. */
export type Outcome =
  | { readonly kind: 'pass' }
  | { readonly kind: 'fail'; readonly why: string }
  /** It is about what the binding leaves to others, or about text that the tools cannot read. */
  | { readonly kind: 'out-of-scope'; readonly why: string };

const PASS: Outcome = { kind: 'pass' };

class OutOfScope extends Error {}

/** The state of one script: what it has defined, and the instance that `invoke` means. */
export class Script {
  readonly #definitions = new Map<string, LinkedComponent | OutOfScope>();
  readonly #instances = new Map<string, LiveComponent | OutOfScope>();
  #current: LiveComponent | OutOfScope = new OutOfScope('there is no instance');

  async run(command: List): Promise<Outcome> {
    try {
      return await this.#command(command);
    } catch (error) {
      if (error instanceof OutOfScope) return { kind: 'out-of-scope', why: error.message };
      return { kind: 'fail', why: oneLine(describe(error)) };
    }
  }

  async #command(command: List): Promise<Outcome> {
    const what = textAt(command, 0);
    switch (what) {
      case 'component':
        await this.#component(command);
        return PASS;
      case 'invoke':
        await this.#invoke(command);
        return PASS;
      case 'assert_return':
        return await this.#assertReturn(command);
      case 'assert_trap':
        return await this.#assertTrap(command);
      case 'assert_invalid':
      case 'assert_malformed':
        return await this.#assertRefused(listsOf(command)[0]!);
      default:
        throw new OutOfScope(`the command ${what}`);
    }
  }

  async #component(command: List): Promise<void> {
    if (textAt(command, 1) === 'instance') {
      const definition = this.#definitions.get(textAt(command, 3) ?? '');
      const made = this.#instantiate(definition ?? new OutOfScope('an unknown definition'));
      this.#current = made;
      this.#instances.set(textAt(command, 2)!, made);
      if (made instanceof OutOfScope) throw made;
      return;
    }
    const isDefinition = textAt(command, 1) === 'definition';
    const name = textAt(command, isDefinition ? 2 : 1);
    const linked = await link(command).catch((error: unknown) => {
      if (error instanceof OutOfScope) return error;
      this.#current = new OutOfScope('its component failed');
      throw error;
    });
    if (isDefinition && name !== undefined) this.#definitions.set(name, linked);
    if (!isDefinition) {
      this.#current = new OutOfScope('its component failed');
      this.#current = this.#instantiate(linked);
      if (name?.startsWith('$')) this.#instances.set(name, this.#current);
    }
    if (linked instanceof OutOfScope) throw linked;
  }

  #instantiate(linked: LinkedComponent | OutOfScope): LiveComponent | OutOfScope {
    return linked instanceof OutOfScope ? linked : linked.instantiate({});
  }

  #invoke(command: List): unknown {
    const first = textAt(command, 1)!;
    const named = first.startsWith('$');
    const instance = named ? this.#instances.get(first)! : this.#current;
    if (instance instanceof OutOfScope) throw instance;
    const name = textAt(command, named ? 2 : 1)!;
    const func = instance.exports[lowerCamel(name)];
    if (typeof func !== 'function') throw new Error(`there is no function ${name}`);
    return func(...listsOf(command).map((value) => asArgument(constant(value))));
  }

  async #assertReturn(command: List): Promise<Outcome> {
    const [invoke, expected] = listsOf(command);
    let actual: unknown;
    try {
      actual = await this.#invoke(invoke!);
      if (expected !== undefined && /^result\./.test(textAt(expected, 0)!)) actual = { tag: 'ok', val: actual };
    } catch (error) {
      if (!(error instanceof Error) || !Object.hasOwn(error, 'payload')) throw error;
      actual = { tag: 'err', val: (error as { payload?: unknown }).payload };
    }
    if (expected === undefined || matches(actual, constant(expected))) return PASS;
    return { kind: 'fail', why: `returned ${oneLine(String(JSON.stringify(actual, bigints)))}, not ${expected.text}` };
  }

  async #assertTrap(command: List): Promise<Outcome> {
    const [action] = listsOf(command);
    const isComponent = textAt(action!, 0) === 'component';
    const linked = isComponent && textAt(action!, 1) !== 'instance' ? await link(action!) : undefined;
    try {
      if (linked !== undefined) linked.instantiate({});
      else if (isComponent) await this.#component(action!);
      else await this.#invoke(action!);
    } catch (error) {
      if (error instanceof OutOfScope) throw error;
      if (isTrap(error)) return PASS;
      return { kind: 'fail', why: `ended with ${oneLine(describe(error))}, which is no trap` };
    }
    return { kind: 'fail', why: 'did not trap' };
  }

  /** The binding is no validator: what it does not refuse itself, the one that is in jco has to, which runs before it. */
  async #assertRefused(component: List): Promise<Outcome> {
    let bytes: Uint8Array<ArrayBuffer>;
    let verdict: Awaited<ReturnType<typeof validate>>;
    try {
      bytes = await binary(component);
    } catch {
      return PASS;
    }
    try {
      const parsed = parseComponent(bytes);
      const binding = planBinding(bytes, parsed);
      if (binding.kind === 'unsupported') throw new OutOfScope(binding.reason);
      for (const core of coreModuleBytes(bytes, parsed)) new WebAssembly.Module(core);
      verdict = await validate(bytes);
    } catch (error) {
      if (error instanceof OutOfScope) throw error;
      if (error instanceof PluginError || error instanceof WebAssembly.CompileError) return PASS;
      throw error;
    }
    if (verdict === 'refused') return PASS;
    throw new OutOfScope(`the validator ${verdict}`);
  }
}

async function link(command: List): Promise<LinkedComponent> {
  const bytes = await binary(command).catch(() => {
    throw new OutOfScope('the tools cannot read its text');
  });
  const component = parseComponent(bytes);
  const binding = planBinding(bytes, component);
  if (binding.kind === 'unsupported') throw new OutOfScope(binding.reason);
  const modules = coreModuleBytes(bytes, component).map((core) => new WebAssembly.Module(core));
  return new LinkedComponent(binding.plan, modules, { maxOutputBytes: 2 ** 30 });
}

async function binary(component: List): Promise<Uint8Array<ArrayBuffer>> {
  const index = component.items.findIndex((item) => item.kind === 'word' && /^(binary|quote)$/.test(item.word));
  const strings = component.items.flatMap((item) => (item.kind === 'string' ? [item.bytes] : []));
  const joined = new Uint8Array(Buffer.concat(strings));
  if (index !== -1 && textAt(component, index) === 'binary') return joined;
  const text =
    index === -1
      ? component.text.replace(/^\(component\s+definition/, '(component')
      : `(component ${Buffer.from(joined).toString('utf8')})`;
  return new Uint8Array(await parse(text));
}

function isTrap(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  if (error instanceof PluginError) return error.code === 'ERR_INVALID_RESPONSE' || error.code === 'ERR_TRAP';
  return error instanceof RangeError && /call stack/i.test(error.message);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
