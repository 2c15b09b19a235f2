import { expect } from 'chai';
import { hostFunction } from '../../../src/canonical-abi/runtime/host-imports.ts';
import { WASI_3_FUNCTIONS, WASI_FUNCTIONS } from '../../../src/contract/wasi.ts';
import { PluginError } from '../../../src/errors.ts';
import { WASI_INTERFACES } from '../../../src/host/wasi/index.ts';
import { closeAll, sandbox, thrown } from './sandbox.ts';

/** Resources are classes, whose functions are on the prototype or static. */
function functionsOf(name: string, value: object): [string, () => unknown][] {
  const found: [string, () => unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== 'function') throw new Error(`${name}.${key} is no function`);
    if (/^[a-z]/.test(key)) found.push([`${name}#${key}`, () => member()]);
  }
  return found;
}

describe('createWasi', () => {
  afterEach(closeAll);

  it('offers every interface of WASI 0.2, with every function of it', () => {
    expect(Object.keys(sandbox().wasi.imports)).to.have.members([
      'wasi:cli/environment',
      'wasi:cli/exit',
      'wasi:cli/stderr',
      'wasi:cli/stdin',
      'wasi:cli/stdout',
      'wasi:cli/terminal-input',
      'wasi:cli/terminal-output',
      'wasi:cli/terminal-stderr',
      'wasi:cli/terminal-stdin',
      'wasi:cli/terminal-stdout',
      'wasi:clocks/monotonic-clock',
      'wasi:clocks/timezone',
      'wasi:clocks/wall-clock',
      'wasi:filesystem/preopens',
      'wasi:filesystem/types',
      'wasi:http/outgoing-handler',
      'wasi:http/types',
      'wasi:io/error',
      'wasi:io/poll',
      'wasi:io/streams',
      'wasi:random/insecure',
      'wasi:random/insecure-seed',
      'wasi:random/random',
      'wasi:sockets/instance-network',
      'wasi:sockets/ip-name-lookup',
      'wasi:sockets/network',
      'wasi:sockets/tcp',
      'wasi:sockets/tcp-create-socket',
      'wasi:sockets/udp',
      'wasi:sockets/udp-create-socket',
    ]);
    const { imports } = sandbox().wasi;
    expect([...WASI_INTERFACES]).to.have.members(Object.keys(imports));
    expect([...WASI_FUNCTIONS.keys()]).to.have.members(Object.keys(imports));
    for (const [name, functions] of WASI_FUNCTIONS) {
      for (const member of functions.keys()) {
        const find = hostFunction([`${name}@0.2.0`, member]);
        expect(() => find(imports), `${name} ${member}`).not.to.throw();
      }
    }
  });

  it('offers every interface of WASI 0.3 that it has, with every function of it, beside those of 0.2', () => {
    const names = [...WASI_3_FUNCTIONS.keys()].map((name) => `${name}@0.3.1`);
    const { imports } = sandbox({}, { interfaces: [...names, 'wasi:cli/stdin@0.2.6'] }).wasi;
    expect(Object.keys(imports)).to.have.members([...names, 'wasi:cli/stdin']);
    for (const [name, functions] of WASI_3_FUNCTIONS) {
      for (const member of functions.keys()) {
        const find = hostFunction([`${name}@0.3.1`, member]);
        expect(() => find(imports), `${name} ${member}`).not.to.throw();
      }
    }
  });

  it('has one object for all releases of an interface of WASI 0.3', () => {
    const [one, other] = ['wasi:cli/environment@0.3.0', 'wasi:cli/environment@0.3.2'] as const;
    const { imports } = sandbox({}, { interfaces: [one, other] }).wasi;
    expect(imports[one]).to.equal(imports[other]);
  });

  it('builds only the interfaces that are asked for, and nothing under a name that it does not know', () => {
    const { wasi } = sandbox({}, { interfaces: ['wasi:io/poll', '__proto__', 'constructor', 'wasi:nn/graph'] });
    expect(Object.keys(wasi.imports)).to.deep.equal(['wasi:io/poll']);
    expect(Object.getPrototypeOf(wasi.imports)).to.equal(Object.prototype);
  });

  it('counts each function as a call to the host', () => {
    const { imports } = sandbox().wasi;
    const functions = Object.entries(imports).flatMap(([name, value]) => functionsOf(name, value));
    expect(functions).to.have.length.above(30);
    for (const [name] of functions) {
      const spent = sandbox({ maxHostCalls: 0 });
      const [, call] = Object.entries(spent.wasi.imports)
        .flatMap(([from, value]) => functionsOf(from, value))
        .find(([candidate]) => candidate === name)!;
      expect(thrown(call), name).to.be.instanceOf(PluginError).with.property('code', 'ERR_HOST_CALL_LIMIT');
    }
  });

  it('shares no state between instances', () => {
    const [one, two] = [sandbox(), sandbox()];
    for (const name of WASI_INTERFACES) expect(one.wasi.imports[name]).not.to.equal(two.wasi.imports[name]);
    one.interface<{ now(): bigint }>('wasi:clocks/monotonic-clock').now();
    expect(two.context.hostCalls).to.equal(0);
  });

  it('bounds the resources that an instance holds, and frees what it drops', () => {
    const { getStdin } = sandbox().interface<{ getStdin(): Disposable }>('wasi:cli/stdin');
    for (let round = 0; round < 5000; round++) getStdin()[Symbol.dispose]();
    for (let held = 0; held < 4096; held++) getStdin();
    const error = thrown(getStdin) as PluginError;
    expect(error.code).to.equal('ERR_MEMORY_LIMIT');
    expect(error.limit).to.deep.equal({ name: 'WASI resources', value: 4096 });
  });

  it('drops a resource once', () => {
    const { getStdin } = sandbox().interface<{ getStdin(): Disposable }>('wasi:cli/stdin');
    const stream = getStdin();
    for (let round = 0; round < 10; round++) stream[Symbol.dispose]();
    for (let held = 0; held < 4096; held++) getStdin();
    expect(thrown(getStdin)).to.have.property('code', 'ERR_MEMORY_LIMIT');
  });
});
