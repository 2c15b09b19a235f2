export { type AnsweringEngine, recordAnswers, replayAnswers } from './answers.ts';
export { FakeHost, type FakeHostOptions } from './fake-host.ts';
