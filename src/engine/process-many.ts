import type { Abortable } from '../request/abort.ts';
import type { PackedRequests, PackedResults, ProcessManyResult } from '../request/many.ts';
import type { ProcessRequest } from '../request/request.ts';
import type { JobListener } from '../scheduler/job.ts';
import { ManyPacker, type ManyTarget } from './many-packer.ts';
import { EachResult, PackedCollector, Results } from './many-results.ts';

/** Runs requests, in as few blocks as they fit into. */
export function processMany(requests: readonly ProcessRequest[], target: ManyTarget): Promise<ProcessManyResult[]> {
  return new Promise((resolve) => {
    if (requests.length === 0) resolve([]);
    const results = new Results(requests.length, target.scheduler.outstanding, resolve);
    const packer = new ManyPacker(results, target, 'nothing');
    for (let index = 0; index < requests.length; index++) packer.add(index, requests[index]!);
    packer.flush();
  });
}

/** Runs packed requests. */
export function processPacked({ bytes, ends }: PackedRequests, target: ManyTarget): Promise<PackedResults> {
  return new Promise((resolve) => {
    const results = new PackedCollector(ends.length, target.scheduler.outstanding, resolve);
    if (ends.length === 0) results.over(0);
    const packer = new ManyPacker(results, target, 'bytes');
    for (let index = 0, start = 0; index < ends.length; index++) {
      packer.addBytes(index, bytes, start, ends[index]!);
      start = ends[index]!;
    }
    packer.flush();
  });
}

/** Runs requests whose ends are told one by one, as they come. Gives back what all of them are aborted by. */
export function processEach(
  requests: readonly ProcessRequest[],
  listeners: readonly JobListener[],
  target: ManyTarget,
): Abortable {
  const packer = new ManyPacker(new EachResult(listeners, target.scheduler.outstanding), target, 'nothing');
  for (let index = 0; index < requests.length; index++) packer.add(index, requests[index]!);
  packer.flush();
  return packer;
}
