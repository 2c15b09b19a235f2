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
