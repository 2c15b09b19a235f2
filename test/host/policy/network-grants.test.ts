import { expect } from 'chai';
import { canonical } from '../../../src/host/policy/ip-address.ts';
import { type Host, isPattern, NetworkGrants, parseHost } from '../../../src/host/policy/network-grants.ts';

const PUBLIC = '93.184.215.14';
const PRIVATE = '10.0.0.7';
const METADATA = '169.254.169.254';
const LOOPBACK = '127.0.0.1';

const name = (text: string): Host => ({ kind: 'name', text });
const address = (text: string): Host => ({ kind: 'address', text: canonical(text)! });

describe('NetworkGrants', () => {
  it('are nothing without a pattern', () => {
    const grants = new NetworkGrants([]);
    expect(grants.none).to.equal(true);
    for (const host of [name('example.org'), address(PUBLIC)]) expect(grants.permits(host, 443)).to.equal(false);
    expect(grants.permitsResolved('example.org', PUBLIC, 443)).to.equal(false);
  });

  const hosts: readonly (readonly [pattern: string, host: Host, port: number, permitted: boolean])[] = [
    ['example.org:443', name('example.org'), 443, true],
    ['EXAMPLE.org.:443', name('example.org'), 443, true],
    ['example.org:443', name('example.org'), 80, false],
    ['example.org:*', name('example.org'), 80, true],
    ['example.org:443', name('a.example.org'), 443, false],
    ['example.org:443', name('badexample.org'), 443, false],
    ['example.org:443', address(PUBLIC), 443, false],
    ['*.example.org:443', name('a.example.org'), 443, true],
    ['*.example.org:443', name('a.b.example.org'), 443, false],
    ['*.example.org:443', name('example.org'), 443, false],
    ['*.example.org:443', name('aexample.org'), 443, false],
    ['*:443', name('example.org'), 443, true],
    ['*:443', address(PUBLIC), 443, true],
    ['*:443', address(PUBLIC), 444, false],
    ['*:*', address(PRIVATE), 443, false],
    ['*:*', address(METADATA), 80, false],
    ['*:*', address(LOOPBACK), 80, false],
    ['*:*', address('::1'), 80, false],
    ['10.0.0.7:443', address(PRIVATE), 443, true],
    ['10.0.0.7:443', address('10.0.0.8'), 443, false],
    ['10.0.0.7:443', name('example.org'), 443, false],
    ['169.254.169.254:80', address(METADATA), 80, true],
    ['[::1]:80', address('::1'), 80, true],
    ['[0:0::1]:80', address('::1'), 80, true],
    ['[::ffff:10.0.0.7]:80', address(PRIVATE), 80, true],
    ['10.0.0.0/8:443', address(PRIVATE), 443, true],
    ['10.0.0.0/8:443', address('11.0.0.1'), 443, false],
    ['10.0.0.0/8:443', address('fd00::1'), 443, false],
    ['[fd00::/8]:443', address('fd12::1'), 443, true],
    ['[fd00::/8]:443', address('fe80::1'), 443, false],
    ['[fd00::/8]:443', address(PRIVATE), 443, false],
  ];
  for (const [pattern, host, port, permitted] of hosts) {
    it(`${pattern} ${permitted ? 'permits' : 'denies'} ${host.text} at ${port}`, () => {
      expect(new NetworkGrants([pattern]).permits(host, port)).to.equal(permitted);
    });
  }

  const resolved: readonly (readonly [patterns: string[], name: string, address: string, permitted: boolean])[] = [
    [['example.org:80'], 'example.org', PUBLIC, true],
    [['example.org:80'], 'example.org', PRIVATE, false],
    [['example.org:80'], 'example.org', METADATA, false],
    [['example.org:80'], 'example.org', LOOPBACK, false],
    [['*:80'], 'example.org', PUBLIC, true],
    [['*:80'], 'example.org', PRIVATE, false],
    [['*:80'], 'localhost', LOOPBACK, false],
    [['localhost:80'], 'localhost', LOOPBACK, true],
    [['localhost:80'], 'localhost', '::1', true],
    [['localhost:80'], 'localhost', PRIVATE, false],
    [['*.localhost:80'], 'a.localhost', LOOPBACK, false],
    [['a.localhost:80'], 'a.localhost', LOOPBACK, true],
    [['example.org:80', '10.0.0.7:80'], 'example.org', PRIVATE, true],
    [['example.org:80', '10.0.0.0/24:*'], 'example.org', PRIVATE, true],
    [['example.org:80', '10.0.0.7:81'], 'example.org', PRIVATE, false],
    [['example.org:81', '10.0.0.7:80'], 'example.org', PRIVATE, false],
    [['10.0.0.7:80'], 'example.org', PRIVATE, false],
  ];
  for (const [patterns, host, at, permitted] of resolved) {
    it(`${patterns.join(' and ')} ${permitted ? 'permit' : 'deny'} ${host} at ${at}, port 80`, () => {
      expect(new NetworkGrants(patterns).permitsResolved(host, canonical(at)!, 80)).to.equal(permitted);
    });
  }

  it('are written as patterns, and as nothing else', () => {
    for (const pattern of ['a:1', '*:*', '*.a.b:65535', '1.2.3.4:5', '[::]:1', 'xn--bcher-kva.example:1', 'a_b.c:1']) {
      expect(isPattern(pattern), pattern).to.equal(true);
    }
    const wrong = [
      '',
      'a',
      ':1',
      'a:',
      'a:0',
      'a:65536',
      'a:1:2',
      'a b:1',
      'a/b:1',
      '**:1',
      'a.*.b:1',
      '*.*:1',
      '*a:1',
    ];
    const wrongAddresses = ['::1:80', '[::1:80', '[1.2.3.4]:80', '1.2.3.400:80', '10.0.0.0/33:80', 'fd00::/8:80'];
    for (const pattern of [
      ...wrong,
      ...wrongAddresses,
      '*.10.0.0.1:80',
      'a..b:1',
      `${'a'.repeat(64)}:1`,
      '[fd00::/129]:1',
    ]) {
      expect(isPattern(pattern), pattern).to.equal(false);
    }
  });
});

describe('parseHost', () => {
  const table: readonly (readonly [text: string, host: Host | undefined])[] = [
    ['Example.ORG.', name('example.org')],
    ['bücher.example', name('xn--bcher-kva.example')],
    ['127.1', address(LOOPBACK)],
    ['0x7f000001', address(LOOPBACK)],
    ['2130706433', address(LOOPBACK)],
    ['0177.0.0.1', address(LOOPBACK)],
    ['[::1]', address('::1')],
    ['[::ffff:127.0.0.1]', address(LOOPBACK)],
    ['[fe80::1%25eth0]', undefined],
    ['::1', undefined],
    ['user@host', undefined],
    ['a\0b', undefined],
    ['', undefined],
    ['.', undefined],
    ['1.2.3.4.5', undefined],
  ];
  for (const [text, host] of table) {
    it(`reads ${JSON.stringify(text)} as ${host?.text}`, () => expect(parseHost(text)).to.deep.equal(host));
  }
});
