import {
  type FlatType,
  MAX_FLAT_ASYNC_PARAMS,
  MAX_FLAT_PARAMS,
  MAX_FLAT_RESULTS,
  recordLayout,
} from '../plan/layout.ts';
import type { Signature, TypeNode } from '../plan/plan.ts';
import type { Codec } from './codec.ts';
import type { LiftLowerContext } from './context.ts';
import type { FlatValue } from './flat-value.ts';
import { misfit } from './misfit.ts';
import { tupleCodec } from './records.ts';
import { unsigned } from './scalars.ts';

/** The type of a core function. */
export interface CoreType {
  readonly params: readonly FlatType[];
  readonly results: readonly FlatType[];
}

/** How many core values parameters and results may be, before they pass in memory. */
export interface FlatLimits {
  readonly params: number;
  readonly results: number;
}

export const FLAT_LIMITS: FlatLimits = { params: MAX_FLAT_PARAMS, results: MAX_FLAT_RESULTS };
/** Those of a function that is lowered as async. */
export const ASYNC_FLAT_LIMITS: FlatLimits = { params: MAX_FLAT_ASYNC_PARAMS, results: 0 };

/** How the parameters and the result of a function pass: "Lifting and Lowering Values" of the specification. */
export interface Passing {
  /** How many core parameters the function has when it is lowered. */
  readonly flatParams: number;
  /** The core function that `canon lower` makes, and the one that `canon lift` takes. */
  readonly lowered: CoreType;
  readonly lifted: CoreType;
  /** Whether the caller passes where to put the result, after the parameters. */
  readonly outParam: boolean;
  /** Whether its result is a `result`, whose `err` is an exception in JavaScript. */
  readonly fallible: boolean;
  readonly hasResult: boolean;
  /** Whether it passes borrowed handles. */
  readonly borrows: boolean;
  liftParams(cx: LiftLowerContext, flat: readonly FlatValue[]): unknown[];
  lowerParams(cx: LiftLowerContext, values: readonly unknown[]): FlatValue[];
  /** @param flat What the core function returned. */
  liftResult(cx: LiftLowerContext, flat: FlatValue | undefined): unknown;
  /** @param flat The core parameters, of which the last may say where to put the result. */
  lowerResult(cx: LiftLowerContext, value: unknown, flat: readonly FlatValue[]): FlatValue | undefined;
  /** Where arguments that were refused do not fit: see {@link misfit}. */
  misfitOfParams(values: readonly unknown[]): string | undefined;
  /** The same for a result. That of a function that is fallible is what it returned, or the payload of what it threw. */
  misfitOfResult(value: unknown): string | undefined;
}

export function passingOf(
  signature: Signature,
  types: readonly TypeNode[],
  codecs: readonly Codec[],
  limits: FlatLimits = FLAT_LIMITS,
): Passing {
  const codecsOfParams = signature.params.map((index) => codecs[index]!);
  const params = tupleCodec(codecsOfParams, recordLayout(codecsOfParams.map((codec) => codec.layout)));
  const { flat } = params.layout;
  const spilled = flat === undefined || flat.length > limits.params;
  const paramTypes: readonly FlatType[] = spilled ? ['i32'] : flat;
  const flatParams = paramTypes.length;
  const { result: resultType } = signature;
  const result = resultType === undefined ? undefined : codecs[resultType]!;
  const flatResults = result === undefined ? 0 : (result.layout.flat?.length ?? MAX_FLAT_PARAMS);
  const inMemory = flatResults > limits.results;
  const resultTypes = result?.layout.flat ?? [];
  return {
    flatParams,
    lowered: inMemory ? { params: [...paramTypes, 'i32'], results: [] } : { params: paramTypes, results: resultTypes },
    lifted: { params: paramTypes, results: inMemory ? ['i32'] : resultTypes },
    outParam: inMemory,
    fallible: resultType !== undefined && types[resultType]!.kind === 'result',
    hasResult: result !== undefined,
    borrows: params.layout.borrows,
    misfitOfParams(values) {
      for (const [at, type] of signature.params.entries()) {
        const found = misfit(types, type, values[at], `args[${at}]`);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    misfitOfResult: (value) => (resultType === undefined ? undefined : misfitOfResult(types, resultType, value)),
    ...(spilled ? spilledParams(params) : flattenedParams(params)),
    ...(result === undefined ? NO_RESULT : inMemory ? resultInMemory(result, flatParams) : flatResult(result)),
  };
}

function flattenedParams(params: Codec): Pick<Passing, 'liftParams' | 'lowerParams'> {
  return {
    liftParams: (cx, flat) => params.lift(cx, flat, 0) as unknown[],
    lowerParams(cx, values) {
      const flat: FlatValue[] = [];
      params.lower(cx, values, flat, 0);
      return flat;
    },
  };
}

/** More than `MAX_FLAT_PARAMS` pass as a pointer to a tuple. */
function spilledParams(params: Codec): Pick<Passing, 'liftParams' | 'lowerParams'> {
  const { alignment, size } = params.layout;
  return {
    liftParams(cx, flat) {
      const pointer = unsigned(flat[0]);
      cx.check(pointer, alignment, size, 'the parameters');
      return params.load(cx, pointer) as unknown[];
    },
    lowerParams(cx, values) {
      const pointer = cx.allocate(alignment, size);
      params.store(cx, values, pointer);
      return [pointer];
    },
  };
}

const NO_RESULT: Pick<Passing, 'liftResult' | 'lowerResult'> = {
  liftResult: () => undefined,
  lowerResult: () => undefined,
};

function flatResult(result: Codec): Pick<Passing, 'liftResult' | 'lowerResult'> {
  return {
    liftResult: (cx, flat) => result.lift(cx, [flat!], 0),
    lowerResult(cx, value) {
      const flat: FlatValue[] = [];
      result.lower(cx, value, flat, 0);
      return flat[0];
    },
  };
}

/** More than `MAX_FLAT_RESULTS` pass in memory: of the callee's choice when it returns them, else of the caller's. */
function resultInMemory(result: Codec, outParam: number): Pick<Passing, 'liftResult' | 'lowerResult'> {
  const { alignment, size } = result.layout;
  return {
    liftResult(cx, flat) {
      const pointer = unsigned(flat);
      cx.check(pointer, alignment, size, 'the result');
      return result.load(cx, pointer);
    },
    lowerResult(cx, value, flat) {
      const pointer = unsigned(flat[outParam]);
      cx.check(pointer, alignment, size, 'the result');
      result.store(cx, value, pointer);
      return undefined;
    },
  };
}

function misfitOfResult(types: readonly TypeNode[], index: number, value: unknown): string | undefined {
  const type = types[index]!;
  if (type.kind !== 'result') return misfit(types, index, value);
  const { tag, val } = value as { readonly tag: 'ok' | 'err'; readonly val: unknown };
  const payload = tag === 'ok' ? type.ok : type.error;
  return payload === undefined ? undefined : misfit(types, payload, val, tag === 'ok' ? '' : 'payload');
}
