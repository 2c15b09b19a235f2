import type { FlatType } from '../../plan/layout.ts';
import type { CoreFunction, FlatValue } from '../flat-value.ts';
import type { CoreType } from '../passing.ts';

/*
 * JavaScript Promise Integration, as far as it serves to have a guest wait on a stack of its own
 * (https://github.com/WebAssembly/js-promise-integration). Node has it since 24.
 */

type Promising = (...flat: FlatValue[]) => Promise<unknown>;

const { Suspending, promising } = WebAssembly as unknown as {
  readonly Suspending: (new (func: (...flat: FlatValue[]) => unknown) => CoreFunction) | undefined;
  readonly promising: (func: unknown) => Promising;
};

/** Whether a guest can be suspended. By `Suspending`, because the glue puts a `promising` where there is none. */
export const canSwitchStacks: boolean = Suspending !== undefined;

/**
 * Prepares a core function to run on a stack of its own. Whether it has returned when its stack is left must be known at
 * once, and a promise says it a turn later: so that it hands its result to `done` before it returns.
 */
export function onOwnStack(
  core: CoreFunction,
  type: CoreType,
  done: (value: FlatValue | undefined) => void,
): Promising {
  const { exports } = new WebAssembly.Instance(entryModule(type), { '': { core, done } });
  return promising(exports.run);
}

/**
 * A core function of the host's that may return a promise, for which the guest then waits. A function that V8 may suspend
 * for is suspended for in any case: so that it is only called when there is a promise.
 */
export function suspending(func: (...flat: FlatValue[]) => unknown, type: CoreType): CoreFunction {
  const pending = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
  const nothing = type.results[0] === 'i64' ? 0n : 0;
  let promise: unknown;
  const plain = (...flat: FlatValue[]): unknown => {
    const answer = func(...flat);
    if (!(answer instanceof Promise)) return answer;
    promise = answer;
    pending.value = 1;
    return nothing;
  };
  const wait = new Suspending!(() => {
    pending.value = 0;
    return promise;
  });
  return new WebAssembly.Instance(importModule(type), { '': { plain, wait, pending } }).exports.call as CoreFunction;
}

const CODES: Readonly<Record<FlatType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };

const modules = new Map<string, WebAssembly.Module>();

/** `(func $run (param …) (call $done (call $core …)))` */
function entryModule({ params, results }: CoreType): WebAssembly.Module {
  return cached(`run ${params} ${results}`, () =>
    assemble(
      [
        [params, results],
        [results, []],
        [params, []],
      ],
      [...importOf('core', [0x00, 0x00]), ...importOf('done', [0x00, 0x01])],
      2,
      2,
      'run',
      [...getParams(params), 0x10, 0x00, 0x10, 0x01],
    ),
  );
}

/** `(func $call (param …) (call $plain …) (if (global.get $pending) (then (drop) (call $wait))))` */
function importModule({ params, results }: CoreType): WebAssembly.Module {
  return cached(`call ${params} ${results}`, () =>
    assemble(
      [
        [params, results],
        [[], results],
        [results, results],
      ],
      [
        ...importOf('plain', [0x00, 0x00]),
        ...importOf('wait', [0x00, 0x01]),
        ...importOf('pending', [0x03, 0x7f, 0x01]),
      ],
      3,
      0,
      'call',
      [...getParams(params), 0x10, 0x00, 0x23, 0x00, 0x04, 0x02, ...results.map(() => 0x1a), 0x10, 0x01, 0x0b],
    ),
  );
}

function cached(key: string, make: () => WebAssembly.Module): WebAssembly.Module {
  let module = modules.get(key);
  if (module === undefined) {
    module = make();
    modules.set(key, module);
  }
  return module;
}

/** A module with one function, exported; it has up to 17 parameters, so that every length is one byte. */
function assemble(
  types: readonly (readonly [readonly FlatType[], readonly FlatType[]])[],
  imports: readonly number[],
  importCount: number,
  type: number,
  name: string,
  body: readonly number[],
): WebAssembly.Module {
  const values = (list: readonly FlatType[]): number[] => [list.length, ...list.map((entry) => CODES[entry])];
  const text = [...Buffer.from(name)];
  const functions = importCount === 3 ? 2 : importCount;
  const section = (id: number, content: readonly number[]): number[] => [id, ...length(content.length), ...content];
  const code = [0x00, ...body, 0x0b];
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, [
        types.length,
        ...types.flatMap(([params, results]) => [0x60, ...values(params), ...values(results)]),
      ]),
      ...section(2, [importCount, ...imports]),
      ...section(3, [1, type]),
      ...section(7, [1, text.length, ...text, 0x00, functions]),
      ...section(10, [1, ...length(code.length), ...code]),
    ]),
  );
}

function importOf(name: string, description: readonly number[]): number[] {
  return [0, name.length, ...Buffer.from(name), ...description];
}

function getParams(params: readonly FlatType[]): number[] {
  return params.flatMap((_, index) => [0x20, index]);
}

/** LEB128, of lengths below 2^14. */
function length(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}
