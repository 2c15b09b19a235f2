import { argv } from 'node:process';
import { WitError } from '../../../../src/host/wit-error.ts';
import { endAll, networked } from '../network/local.ts';
import { closeAll } from '../sandbox.ts';
import { HttpClient } from './client.ts';

/*
 * Asks for `https://NAME:PORT/` and prints the body, or the error. A process of its own: what it trusts is decided when
 * it starts, with `NODE_EXTRA_CA_CERTS`.
 */
const [name, port, hostsFile] = argv.slice(2) as [string, string, string];
const client = new HttpClient(networked([`${name}:${port}`, `127.0.0.1:${port}`], { hostsFile, nameServers: [] }));
try {
  const { body } = await client.send({ authority: `${name}:${port}`, scheme: 'HTTPS' });
  console.log(body.toString());
} catch (error) {
  console.log(error instanceof WitError ? JSON.stringify(error.payload) : error);
}
closeAll();
await endAll();
