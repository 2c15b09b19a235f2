/**
 * For the tests of plugins, and of programs that use them.
 *
 * @module wasm-plugin-pool/testing
 */

export type { HostApi } from '../host/host-api.ts';
export { type AnsweringEngine, recordAnswers, replayAnswers, updateAnswers } from './answers.ts';
export type { UnbuiltPlugin } from './defined-plugin.ts';
export { FakeHost, type FakeHostOptions, type UnbuiltPluginOptions } from './fake-host.ts';
export { hostApi } from './host-functions.ts';
