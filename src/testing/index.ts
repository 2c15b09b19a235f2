/**
 * For the tests of plugins, and of programs that use them.
 *
 * @module wasm-plugin-pool/testing
 */
export { type AnsweringEngine, recordAnswers, replayAnswers, updateAnswers } from './answers.ts';
export { FakeHost, type FakeHostOptions } from './fake-host.ts';
