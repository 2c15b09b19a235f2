#!/usr/bin/env node
import module from 'node:module';
import { defaultCacheDirectory } from '../artifact/cache-directory.ts';

const cache = defaultCacheDirectory();
// Not imported by name: on a Node that is too old to have it, that would be an error before anything can be said.
if (cache !== undefined) module.enableCompileCache?.(`${cache}-node`);

// After it, so that the cache is used.
await import('./command-line.ts');
