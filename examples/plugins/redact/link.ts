/** The last step of build.sh: `link.ts CORE.wasm COMPILER [OUTPUT]` makes the component, and the lock that vouches for it. */
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { componentize } from '../componentize.ts';
import { componentFile, createLock, lockFile } from './lock.ts';

const [core, compiler, output] = process.argv.slice(2);
if (core === undefined || compiler === undefined) throw new Error('usage: link.ts CORE.wasm COMPILER [OUTPUT]');
const component = await componentize(await readFile(core), 'utf8');
if (output !== undefined) {
  await writeFile(resolve(output), component);
} else {
  await writeFile(componentFile, component);
  await writeFile(lockFile, `${JSON.stringify(await createLock(compiler), undefined, 2)}\n`);
}
