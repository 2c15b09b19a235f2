import type { PluginDefinition } from '../../src/artifact/definition.ts';
import { type Policy, resolvePolicy } from '../../src/host/policy/policy.ts';
import { threadClassOf } from '../../src/pool/thread-class.ts';
import { FairQueue } from '../../src/scheduler/fair-queue.ts';
import { Job, type JobKind } from '../../src/scheduler/job.ts';
import { Lane } from '../../src/scheduler/lane.ts';

let lanes = 0;

/** A lane of a plugin that is never run: for tests of who is next. */
export function openLane(queue: FairQueue, plugin: string, sandbox: Policy = {}, version = '1.0.0'): Lane {
  const policy = resolvePolicy(sandbox);
  const definition: PluginDefinition = {
    plugin,
    version,
    contract: {
      world: 'plugin-world',
      exportName: 'toolsku:plugin-system/plugin-api@1.0.0',
      hostApi: undefined,
      wasi: [],
      needs: [],
    },
    binding: { kind: 'glue', glue: '', reason: 'it is never run' },
    modules: new Map(),
    memories: 1,
    maxBytes: policy.maxMemoryBytes,
    environment: [],
    config: [],
    policy,
    imports: [],
  };
  const lane = new Lane(++lanes, definition, threadClassOf(policy), queue.tenant(plugin));
  lane.tenant.lanes.add(lane);
  return lane;
}

/** A lane that belongs to no queue. */
export function loneLane(plugin = 'plugin'): Lane {
  return openLane(new FairQueue(), plugin);
}

let jobs = 0;

/** A job with a given input and priority, whose end nobody hears of. */
export function makeJob(lane: Lane, input = '', priority = 0, kind: JobKind = 'process'): Job {
  return new Job(kind, lane, input, [], ++jobs, priority, { resolve() {}, reject() {} });
}
