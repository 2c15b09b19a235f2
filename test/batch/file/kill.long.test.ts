import { describeKills } from './kill.ts';

describeKills(50, { resumed: 3 });
