import { expect } from 'chai';
import { calls, type Room } from '../attack.ts';
import { syscalls } from '../guests/syscalls.ts';

const SECRET = 'HOSTILE_TEST_SECRET';
const ALLOWED = 'HOSTILE_TEST_ALLOWED';

function withVariables(): () => void {
  process.env[SECRET] = 'secret';
  process.env[ALLOWED] = 'yes';
  return () => {
    delete process.env[SECRET];
    delete process.env[ALLOWED];
  };
}

/** What a guest can learn of the process around it. */
export const environment: Room = {
  room: 'environment',
  attacks: [
    {
      name: 'reads the environment, arguments, working directory and input of the process',
      guest: syscalls,
      prepare: withVariables,
      ...calls(['environment', 'none'], ['arguments', '0'], ['cwd', 'none'], ['stdin', 'closed'], ['preopens', 'none']),
    },
    {
      name: 'reads more of the environment than it was granted',
      guest: syscalls,
      prepare: withVariables,
      policy: { allowEnv: [ALLOWED] },
      ...calls(['environment', `${ALLOWED}=yes `]),
    },
    {
      name: 'takes the granted directory for the working directory of the host',
      guest: syscalls,
      policy: ({ granted }) => ({ allowFsRead: [{ directory: granted, mount: '/data' }] }),
      ...calls(['cwd', '/data']),
    },
    {
      name: 'prints to the terminal of the process',
      guest: syscalls,
      ...calls(['stdout captured', 'ok'], ['stderr captured', 'ok']),
      verify: ({ logs }) =>
        expect(logs.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal([
          'info: captured',
          'warn: captured',
        ]),
    },
    {
      name: 'looks at clocks that its policy denies',
      guest: syscalls,
      policy: { allowClocks: false },
      ...calls(['wall', '1970'], ['now', 'runs'], ['sleep 3153600000000000000', 'ok']),
    },
    {
      name: 'asks for random numbers that its policy denies',
      guest: syscalls,
      policy: { allowRandom: false },
      input: 'random 8',
      ending: { code: 'ERR_CAPABILITY_DENIED' },
    },
  ],
};
