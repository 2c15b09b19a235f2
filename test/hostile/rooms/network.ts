import { calls, type Room } from '../attack.ts';
import { syscalls } from '../guests/syscalls.ts';

/** Probes of a network that was not granted. What a grant lets through has tests of its own. */
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
      name: 'sends 10,000 requests',
      guest: syscalls,
      input: 'repeat 10000 http example.org',
      ending: { output: 'HTTP-request-denied after 0' },
    },
  ],
};
