import { describeExamples } from './examples.ts';
import { EXECUTED } from './pages.ts';

describeExamples(EXECUTED);
