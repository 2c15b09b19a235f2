import { describeWatchedLoad } from './watched-load.ts';

describeWatchedLoad(50);
