import type { LiftLowerContext } from './context.ts';
import type { CoreFunction } from './flat-value.ts';
import { type HostFunction, loweredFromHost } from './functions.ts';
import type { Passing } from './passing.ts';

/** A function that is not the engine's own, with what keeps the engine safe from it. */
export interface EmbedderFunction {
  readonly call: HostFunction;
  /** What an error is that comes of passing on what it returned; `where` says what of it does not fit its type. */
  readonly misfit: (error: unknown, where: string | undefined) => unknown;
  /** Hears how many bytes of lists and strings passed, one way or the other. */
  readonly passed: (bytes: number) => void;
}

/** `canon lower` of a function of the embedder's: what passes is counted, and what it returns may not fit its type. */
export function loweredFromEmbedder(embedder: EmbedderFunction, passing: Passing, cx: LiftLowerContext): CoreFunction {
  return loweredFromHost(embedder.call, countedPassing(embedder, passing, cx), cx);
}

/** How the values of such a function pass. */
export function countedPassing(
  { misfit, passed }: EmbedderFunction,
  passing: Passing,
  { store }: LiftLowerContext,
): Passing {
  return {
    ...passing,
    liftParams(context, flat) {
      const values = passing.liftParams(context, flat);
      passed(store.lifted);
      return values;
    },
    lowerResult(context, value, flat) {
      const before = store.allocated;
      let result: ReturnType<Passing['lowerResult']>;
      try {
        result = passing.lowerResult(context, value, flat);
      } catch (error) {
        throw misfit(error, passing.misfitOfResult(value));
      }
      passed(store.allocated - before);
      return result;
    },
  };
}
