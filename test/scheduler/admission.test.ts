import { expect } from 'chai';
import type { PluginError } from '../../src/errors.ts';
import { Admission } from '../../src/scheduler/admission.ts';
import { Job } from '../../src/scheduler/job.ts';
import { loneLane } from '../support/lanes.ts';

describe('Admission', () => {
  it('names the limit that a request was over when it came, whatever workers have begun since', () => {
    // What a worker begins while it is asked: it is full at the first look only.
    const depths = [2, 1];
    const queue = {
      depth: () => depths.shift()!,
      depthOfPlugin: () => 0,
      accept: (job: Job) => admission.book(job),
      take: () => [],
      onLeft() {},
    };
    const limits = { queueLimit: 2, pluginQueueLimit: 2, maxOutstandingBytes: 1000, whenFull: 'reject' as const };
    const admission = new Admission(limits, queue);
    const lane = loneLane();
    const enter = (): PluginError | undefined => {
      let error: PluginError | undefined;
      const listener = { resolve() {}, reject: (reason: PluginError) => (error = reason) };
      admission.enter(new Job('process', lane, 'x', [], 1, 0, listener));
      return error;
    };
    expect([enter(), enter()]).to.deep.equal([undefined, undefined]);
    expect(enter()).to.include({ code: 'ERR_QUEUE_FULL' });
  });
});
