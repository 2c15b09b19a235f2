import type { BindingPlan, Signature } from '../plan/plan.ts';
import type { Boundary, Codec } from './codec.ts';
import { codecsOf } from './codecs.ts';
import { FLAT_LIMITS, type FlatLimits, type Passing, passingOf } from './passing.ts';

/** How values of one component's signatures pass, each worked out once. */
export class Passings {
  readonly #plan: Pick<BindingPlan, 'signatures' | 'types'>;
  readonly #codecs = new Map<Boundary, readonly Codec[]>();
  readonly #passings = new Map<string, Passing>();

  constructor(plan: Pick<BindingPlan, 'signatures' | 'types'>) {
    this.#plan = plan;
  }

  /** @param index Of a signature of the plan. */
  at(index: number, boundary: Boundary, limits: FlatLimits = FLAT_LIMITS): Passing {
    return this.of(this.#plan.signatures[index]!, boundary, limits);
  }

  of(signature: Signature, boundary: Boundary, limits: FlatLimits = FLAT_LIMITS): Passing {
    const key = `${boundary} ${limits.params} ${JSON.stringify(signature)}`;
    let passing = this.#passings.get(key);
    if (passing === undefined) {
      passing = passingOf(signature, this.#plan.types, this.codecsAt(boundary), limits);
      this.#passings.set(key, passing);
    }
    return passing;
  }

  codecsAt(boundary: Boundary): readonly Codec[] {
    let codecs = this.#codecs.get(boundary);
    if (codecs === undefined) {
      codecs = codecsOf(this.#plan.types, boundary);
      this.#codecs.set(boundary, codecs);
    }
    return codecs;
  }
}
