export { median, quantile } from '../../src/bench/statistics.ts';
