import { describeExamples } from './examples.ts';

describeExamples(10_000);
