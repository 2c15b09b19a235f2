import { workerData } from 'node:worker_threads';
import { instantiate, type Plugin } from './jco.ts';

const plugin = await instantiate(workerData);

export default function process(request: Parameters<Plugin['process']>[0]): unknown {
  return plugin.process(request);
}
