import { type InterfaceName, releasedVersion } from './interface-name.ts';

/** The interfaces of WASI 0.2 that a plugin may import, by package. They always link, and deny what is not granted. */
const WASI_INTERFACES: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'wasi:cli',
    [
      'environment',
      'exit',
      'stdin',
      'stdout',
      'stderr',
      'terminal-input',
      'terminal-output',
      'terminal-stdin',
      'terminal-stdout',
      'terminal-stderr',
    ],
  ],
  ['wasi:clocks', ['monotonic-clock', 'timezone', 'wall-clock']],
  ['wasi:filesystem', ['types', 'preopens']],
  ['wasi:http', ['types', 'outgoing-handler']],
  ['wasi:io', ['error', 'poll', 'streams']],
  ['wasi:random', ['random', 'insecure', 'insecure-seed']],
  [
    'wasi:sockets',
    ['network', 'instance-network', 'ip-name-lookup', 'tcp', 'tcp-create-socket', 'udp', 'udp-create-socket'],
  ],
]);

/** Whether an import is an interface of WASI 0.2 that the host offers, in any release 0.2.x. */
export function isWasi(name: InterfaceName): boolean {
  if (name.version === undefined || !WASI_INTERFACES.get(name.package)?.includes(name.interface)) return false;
  const version = releasedVersion(name.version);
  return version !== undefined && version[0] === 0 && version[1] === 2;
}
