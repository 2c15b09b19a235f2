import process from 'node:process';

/*
 * What Node's own `process` had when the library was imported. Jest's fake timers replace both, and a part of the library
 * that is loaded later would find theirs: an engine would wait for ever. `engine.ts` imports this file to have it early.
 */

export const nextTick: typeof process.nextTick = process.nextTick;
export const hrtime: typeof process.hrtime = process.hrtime;
