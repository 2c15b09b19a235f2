import type { InstanceType } from '../component/types.ts';
import { type InterfaceName, releasedVersion } from './interface-name.ts';

/** Functions of one interface: those of its own, and of each of its resources. */
interface Functions {
  readonly functions?: string;
  /** Methods, by resource; `+` marks a static function, `constructor` stands for itself. */
  readonly resources?: Readonly<Record<string, string>>;
}

/**
 * Every function of the interfaces of WASI 0.2 that a plugin may import, in all releases 0.2.x. They always link, and
 * deny what is not granted. Nothing else does: the classes behind them have members that are the host's own.
 *
 * https://github.com/WebAssembly/WASI/tree/main/proposals (the `wit` folder of each, branch 0.2)
 */
const FUNCTIONS: Readonly<Record<string, Functions>> = {
  'wasi:cli/environment': { functions: 'get-environment get-arguments initial-cwd' },
  'wasi:cli/exit': { functions: 'exit exit-with-code' },
  'wasi:cli/stdin': { functions: 'get-stdin' },
  'wasi:cli/stdout': { functions: 'get-stdout' },
  'wasi:cli/stderr': { functions: 'get-stderr' },
  'wasi:cli/terminal-input': {},
  'wasi:cli/terminal-output': {},
  'wasi:cli/terminal-stdin': { functions: 'get-terminal-stdin' },
  'wasi:cli/terminal-stdout': { functions: 'get-terminal-stdout' },
  'wasi:cli/terminal-stderr': { functions: 'get-terminal-stderr' },
  'wasi:clocks/monotonic-clock': { functions: 'now resolution subscribe-instant subscribe-duration' },
  'wasi:clocks/timezone': { functions: 'display utc-offset' },
  'wasi:clocks/wall-clock': { functions: 'now resolution' },
  'wasi:filesystem/preopens': { functions: 'get-directories' },
  'wasi:filesystem/types': {
    functions: 'filesystem-error-code',
    resources: {
      descriptor: `read-via-stream write-via-stream append-via-stream advise sync-data get-flags get-type set-size
        set-times read write read-directory sync create-directory-at stat stat-at set-times-at link-at open-at
        readlink-at remove-directory-at rename-at symlink-at unlink-file-at is-same-object metadata-hash
        metadata-hash-at`,
      'directory-entry-stream': 'read-directory-entry',
    },
  },
  'wasi:http/outgoing-handler': { functions: 'handle' },
  'wasi:http/types': {
    functions: 'http-error-code',
    resources: {
      fields: 'constructor +from-list get has set delete append entries clone',
      'future-incoming-response': 'subscribe get',
      'future-trailers': 'subscribe get',
      'incoming-body': 'stream +finish',
      'incoming-request': 'method path-with-query scheme authority headers consume',
      'incoming-response': 'status headers consume',
      'outgoing-body': 'write +finish',
      'outgoing-request': `constructor body method set-method path-with-query set-path-with-query scheme set-scheme
        authority set-authority headers`,
      'outgoing-response': 'constructor status-code set-status-code headers body',
      'request-options': `constructor connect-timeout set-connect-timeout first-byte-timeout set-first-byte-timeout
        between-bytes-timeout set-between-bytes-timeout`,
      'response-outparam': '+set send-informational',
    },
  },
  'wasi:io/error': { resources: { error: 'to-debug-string' } },
  'wasi:io/poll': { functions: 'poll', resources: { pollable: 'ready block' } },
  'wasi:io/streams': {
    resources: {
      'input-stream': 'read blocking-read skip blocking-skip subscribe',
      'output-stream': `check-write write blocking-write-and-flush flush blocking-flush subscribe write-zeroes
        blocking-write-zeroes-and-flush splice blocking-splice`,
    },
  },
  'wasi:random/insecure': { functions: 'get-insecure-random-bytes get-insecure-random-u64' },
  'wasi:random/insecure-seed': { functions: 'insecure-seed' },
  'wasi:random/random': { functions: 'get-random-bytes get-random-u64' },
  'wasi:sockets/instance-network': { functions: 'instance-network' },
  'wasi:sockets/ip-name-lookup': {
    functions: 'resolve-addresses',
    resources: { 'resolve-address-stream': 'resolve-next-address subscribe' },
  },
  'wasi:sockets/network': { functions: 'network-error-code', resources: { network: '' } },
  'wasi:sockets/tcp': {
    resources: {
      'tcp-socket': `start-bind finish-bind start-connect finish-connect start-listen finish-listen accept local-address
        remote-address is-listening address-family set-listen-backlog-size keep-alive-enabled set-keep-alive-enabled
        keep-alive-idle-time set-keep-alive-idle-time keep-alive-interval set-keep-alive-interval keep-alive-count
        set-keep-alive-count hop-limit set-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size
        set-send-buffer-size subscribe shutdown`,
    },
  },
  'wasi:sockets/tcp-create-socket': { functions: 'create-tcp-socket' },
  'wasi:sockets/udp': {
    resources: {
      'udp-socket': `start-bind finish-bind stream local-address remote-address address-family unicast-hop-limit
        set-unicast-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size set-send-buffer-size
        subscribe`,
      'incoming-datagram-stream': 'receive subscribe',
      'outgoing-datagram-stream': 'check-send send subscribe',
    },
  },
  'wasi:sockets/udp-create-socket': { functions: 'create-udp-socket' },
};

/** The names of the functions of each interface, as components spell them: `[method]descriptor.read`. */
export const WASI_FUNCTIONS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(FUNCTIONS).map(([name, { functions = '', resources = {} }]) => {
    const members = Object.entries(resources).flatMap(([resource, list]) =>
      words(list).map((member) => memberName(resource, member)),
    );
    return [name, new Set([...words(functions), ...members])];
  }),
);

function words(list: string): string[] {
  return list.split(/\s+/).filter((word) => word !== '');
}

function memberName(resource: string, member: string): string {
  if (member === 'constructor') return `[constructor]${resource}`;
  return member.startsWith('+') ? `[static]${resource}.${member.slice(1)}` : `[method]${resource}.${member}`;
}

/** Whether an import is an interface of WASI 0.2 that the host offers, in any release 0.2.x. */
export function isWasi(name: InterfaceName): boolean {
  if (name.version === undefined || !WASI_FUNCTIONS.has(`${name.package}/${name.interface}`)) return false;
  const version = releasedVersion(name.version);
  return version !== undefined && version[0] === 0 && version[1] === 2;
}

/** The first name that a component asks an interface of WASI for and that is none of its functions or types. */
export function unknownMember(
  { package: pkg, interface: name }: InterfaceName,
  type: InstanceType,
): string | undefined {
  const functions = WASI_FUNCTIONS.get(`${pkg}/${name}`);
  return [...type.exports].find(
    ([member, { kind }]) => kind !== 'type' && (kind !== 'func' || functions?.has(member) !== true),
  )?.[0];
}
