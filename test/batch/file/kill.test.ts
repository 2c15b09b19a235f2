import { describeKills } from './kill.ts';

describeKills(5, { resumed: 0 });
