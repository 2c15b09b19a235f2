import { describeDistributed } from './distributed.ts';

describeDistributed('short');
