#!/usr/bin/env node
import module from 'node:module';
import { defaultCacheDirectory } from '../artifact/cache-directory.ts';
import { unsupportedNode } from '../package/node-version.ts';

const refusal = unsupportedNode();
if (refusal === undefined) {
  const cache = defaultCacheDirectory();
  if (cache !== undefined) module.enableCompileCache(`${cache}-node`);
  // After it, so that the cache is used.
  await import('./command-line.ts');
} else {
  process.stderr.write(`error: ${refusal}. Install a newer Node.\n`);
  process.exitCode = 2;
}
