import { describePrograms } from './programs.ts';

describe('invariant 13: after close() nothing is left running, in more ways', function () {
  this.timeout(60_000);
  describePrograms('long');
});
