import type { Scheduling } from '../registry/executor.ts';
import type { PluginVersion } from '../registry/plugin-version.ts';
import { resolveBatchCalls } from '../request/batch-calls.ts';
import { prepareCall } from '../request/function-call.ts';
import { CallSize } from './call-size.ts';
import { callableOf } from './callable.ts';
import type { CallTarget } from './gathered-call.ts';
import { Gathering } from './gathering.ts';

/** Whether requests for it go together; on the thread that asks each is answered at once. */
export function isForBatches({ component, lane }: PluginVersion): boolean {
  return component.contract.world === 'plugin-batch' && lane.inline === undefined;
}

/**
 * Whether a request for it does so now. One that is to have an instance of its own shares none in one call either. While its circuit is not closed each goes by itself: one is enough to try it, and
 * what stands in for it may take one at a time.
 */
export function goesWithOthers(version: PluginVersion): boolean {
  const isShared = version.policy.instances === 'warm';
  return isForBatches(version) && isShared && (version.lane.gate?.circuit ?? 'closed') === 'closed';
}

/** Where requests are gathered that go together, for each version that takes many in one call. */
export class Gatherings {
  readonly #scheduler: Scheduling;
  readonly #threads: number;
  readonly #byVersion = new WeakMap<PluginVersion, Gathering>();

  /** @param threads Among which requests that go together are shared out. */
  constructor(scheduler: Scheduling, threads: number) {
    this.#scheduler = scheduler;
    this.#threads = threads;
  }

  /** Where the requests for a version go that takes many in one call. */
  of(version: PluginVersion): Gathering {
    let gathering = this.#byVersion.get(version);
    if (gathering === undefined) {
      const scheduler = this.#scheduler;
      const { lane, policy, component } = version;
      const options = resolveBatchCalls(version.options.batchCalls);
      const path = `${component.contract.exportName}#process-batch`;
      const prepare: CallTarget['prepare'] = (records) => {
        const requests = records.map(({ request }) => request);
        return prepareCall(callableOf(version), path, [requests], requests.length);
      };
      const size = new CallSize(policy.maxOutputBytes);
      const target = { scheduler, lane, size, idempotent: options.idempotent, prepare };
      gathering = new Gathering(target, options, this.#threads, () => scheduler.checkDrained(lane));
      this.#byVersion.set(version, gathering);
    }
    return gathering;
  }
}
