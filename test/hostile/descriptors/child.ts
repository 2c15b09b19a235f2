import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PluginEngine } from '../../../src/engine.ts';
import { descriptors } from '../../../src/host/descriptors.ts';
import { echo } from '../../fixtures/guests.ts';
import { tree as makeTree } from '../../host/wasi/sandbox.ts';
import { syscalls } from '../guests/syscalls.ts';

/*
 * Few descriptors, four plugins that hold as many as they get, and others beside them. Says what came of it.
 */

const tree = makeTree();
const sandbox = { allowFsRead: [{ directory: tree.granted, mount: '/data' }] };
const engine = await PluginEngine.create({ threads: 4, cacheDirectory: join(tree.root, 'cache') });
try {
  const names = ['a', 'b', 'c', 'd'];
  const greedy: string[] = [];
  for (const name of names) {
    await engine.loadPlugin(name, await syscalls(), { sandbox });
    const { output } = await engine.process(name, { input: 'preopens\nrepeat 100 open 0 file 0 0 1' });
    greedy.push(output);
  }
  await engine.loadPlugin('innocent', await syscalls(), { sandbox });
  const { output: read } = await engine.process('innocent', { input: 'preopens\ncat 0 file' });
  await engine.loadPlugin('echo', await echo());
  const records = Array.from({ length: 20 }, (_, index) => JSON.stringify({ input: `record ${index}` }));
  const [input, output] = [join(tree.root, 'in.jsonl'), join(tree.root, 'out.jsonl')];
  writeFileSync(input, `${records.join('\n')}\n`);
  const batch = await engine.batchFiles({ plugin: 'echo', input, output });
  if (readFileSync(output, 'utf8').trim().split('\n').length !== 20) throw new Error('The output is not whole');
  for (const name of names) await engine.unloadPlugin(name);
  const booked = [descriptors.open];
  await engine.unloadPlugin('innocent');
  booked.push(descriptors.open);
  process.stdout.write(JSON.stringify({ greedy, read, batch, booked }));
} finally {
  await engine.close({ force: true });
  tree.remove();
}
