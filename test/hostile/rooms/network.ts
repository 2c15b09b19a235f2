import { calls, type Room } from '../attack.ts';
import { syscalls } from '../guests/syscalls.ts';

/** Probes of a network that was not granted. What a grant lets through is tested in `test/host/policy/network.test.ts`. */
export const network: Room = {
  room: 'network',
  attacks: [
    { name: 'makes sockets', guest: syscalls, ...calls(['tcp', 'access-denied'], ['udp', 'access-denied']) },
    {
      name: 'looks up names',
      guest: syscalls,
      ...calls(['resolve localhost', 'access-denied'], ['resolve 169.254.169.254', 'access-denied']),
    },
    {
      name: 'sends HTTP requests to the metadata service of a cloud and to localhost',
      guest: syscalls,
      ...calls(['http 169.254.169.254', 'HTTP-request-denied'], ['http 127.0.0.1:22', 'HTTP-request-denied']),
    },
    {
      name: 'probes its host and the networks around it, where everything public is granted',
      guest: syscalls,
      policy: { allowNetwork: ['*:*'] },
      ...calls(
        ['fetch 169.254.169.254 /latest/meta-data', 'HTTP-request-denied'],
        ['fetch [::ffff:169.254.169.254] /', 'HTTP-request-denied'],
        ['fetch 127.0.0.1:22 /', 'HTTP-request-denied'],
        ['fetch 2130706433:22 /', 'HTTP-request-denied'],
        ['fetch localhost:22 /', 'destination-IP-prohibited'],
        ['fetch example.org@127.0.0.1 /', 'HTTP-request-URI-invalid'],
        ['connect 22 127 0 0 1 hello', 'access-denied'],
        ['connect 80 10 0 0 1 hello', 'access-denied'],
        ['connect 80 169 254 169 254 hello', 'access-denied'],
        ['connect 80 0 0 0 0 hello', 'invalid-argument'],
      ),
    },
    {
      name: 'sends 10,000 requests',
      guest: syscalls,
      input: 'repeat 10000 http example.org',
      ending: { output: 'HTTP-request-denied after 0' },
    },
  ],
};
