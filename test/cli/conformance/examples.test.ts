import { describeExamples } from './examples.ts';

describeExamples(1_000);
