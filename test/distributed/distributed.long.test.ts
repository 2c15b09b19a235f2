import { describeDistributed } from './distributed.ts';

describeDistributed('long');
