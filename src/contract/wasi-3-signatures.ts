/**
 * Every function of the interfaces of WASI 0.3 that a plugin may import, with the `signatureHash` of its type. Releases
 * 0.3.x only add to it.
 *
 * https://github.com/WebAssembly/WASI/tree/v0.3.0/proposals (the `wit` folder of each)
 */
export const WASI_3_SIGNATURES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'wasi:cli/environment': {
    'get-arguments': '0c3880cb',
    'get-environment': 'cccba678',
    'get-initial-cwd': '4107593f',
  },
  'wasi:cli/exit': {
    exit: 'a7a6821d',
    'exit-with-code': 'ddcb0af1',
  },
  'wasi:cli/stderr': {
    'write-via-stream': '780b25e9',
  },
  'wasi:cli/stdin': {
    'read-via-stream': 'cfb97dc8',
  },
  'wasi:cli/stdout': {
    'write-via-stream': '780b25e9',
  },
  'wasi:cli/terminal-input': {},
  'wasi:cli/terminal-output': {},
  'wasi:cli/terminal-stderr': {
    'get-terminal-stderr': '190767aa',
  },
  'wasi:cli/terminal-stdin': {
    'get-terminal-stdin': '190767aa',
  },
  'wasi:cli/terminal-stdout': {
    'get-terminal-stdout': '190767aa',
  },
  'wasi:cli/types': {},
  'wasi:clocks/monotonic-clock': {
    'get-resolution': 'b52dccdf',
    now: 'b52dccdf',
    'wait-for': '1e861e12',
    'wait-until': '1e861e12',
  },
  'wasi:clocks/system-clock': {
    'get-resolution': 'b52dccdf',
    now: '8338b5ad',
  },
  'wasi:clocks/timezone': {
    'iana-id': '4107593f',
    'to-debug-string': 'ef36a3b3',
    'utc-offset': 'd5b685b1',
  },
  'wasi:clocks/types': {},
  'wasi:filesystem/preopens': {
    'get-directories': '1570c1db',
  },
  'wasi:filesystem/types': {
    '[method]descriptor.advise': 'e9532dd3',
    '[method]descriptor.append-via-stream': '3dbce61f',
    '[method]descriptor.create-directory-at': '8a7b926f',
    '[method]descriptor.get-flags': '621b2532',
    '[method]descriptor.get-type': '158724bb',
    '[method]descriptor.is-same-object': '1f4c2fe3',
    '[method]descriptor.link-at': '4cd004c2',
    '[method]descriptor.metadata-hash': 'a1fe71c9',
    '[method]descriptor.metadata-hash-at': '497ffbb7',
    '[method]descriptor.open-at': '7a17208d',
    '[method]descriptor.read-directory': '84f5d520',
    '[method]descriptor.read-via-stream': 'aefdba6e',
    '[method]descriptor.readlink-at': '1cbe8062',
    '[method]descriptor.remove-directory-at': '8a7b926f',
    '[method]descriptor.rename-at': '0153ebcc',
    '[method]descriptor.set-size': 'a0b2a943',
    '[method]descriptor.set-times': 'b9c85311',
    '[method]descriptor.set-times-at': '83fc1755',
    '[method]descriptor.stat': 'd240922d',
    '[method]descriptor.stat-at': '9b45f585',
    '[method]descriptor.symlink-at': '325eb9d7',
    '[method]descriptor.sync': 'dde0a8df',
    '[method]descriptor.sync-data': 'dde0a8df',
    '[method]descriptor.unlink-file-at': '8a7b926f',
    '[method]descriptor.write-via-stream': 'd6c0437a',
  },
  'wasi:random/insecure': {
    'get-insecure-random-bytes': '1a2a6700',
    'get-insecure-random-u64': 'b52dccdf',
  },
  'wasi:random/insecure-seed': {
    'get-insecure-seed': 'fc290c91',
  },
  'wasi:random/random': {
    'get-random-bytes': '1a2a6700',
    'get-random-u64': 'b52dccdf',
  },
};
