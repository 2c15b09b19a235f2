import { expect } from 'chai';
import { canonical, fromGroups, groupsOf, isLoopback, isPublic } from '../../../src/host/policy/ip-address.ts';

describe('IP addresses', () => {
  const spellings: readonly (readonly [text: string, canonical: string | undefined])[] = [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['2001:DB8::0a', '2001:db8:0:0:0:0:0:a'],
    ['2001:db8:1:2:3:4:5::', '2001:db8:1:2:3:4:5:0'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
    ['0:0:0:0:0:ffff:a9fe:a9fe', '169.254.169.254'],
    ['64:ff9b::10.0.0.1', '64:ff9b:0:0:0:0:a00:1'],
    ['::1.2.3.4', '0:0:0:0:0:0:102:304'],
    ['fe80::1%eth0', undefined],
    ['127.1', undefined],
    ['0x7f.0.0.1', undefined],
    ['256.0.0.1', undefined],
    ['', undefined],
    ['localhost', undefined],
  ];
  for (const [text, expected] of spellings) {
    it(`spells ${JSON.stringify(text)} as ${expected}`, () => {
      expect(canonical(text)).to.equal(expected);
      if (expected?.includes(':')) expect(fromGroups(groupsOf(text))).to.equal(expected);
    });
  }

  const PUBLIC = ['1.1.1.1', '172.15.255.255', '172.32.0.0', '100.63.255.255', '192.169.0.1', '2606:4700::1111'];
  const NOT_PUBLIC = [
    ...['0.0.0.0', '0.1.2.3', '10.255.255.255', '100.64.0.1', '169.254.169.254', '172.16.0.0', '172.31.255.255'],
    ...['192.168.1.1', '192.0.0.8', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
    ...['240.0.0.1', '255.255.255.255', '127.0.0.1', '127.255.255.255', '::', '::1', 'fe80::1', 'fec0::1'],
    ...['fc00::1', 'fd12::1', 'ff02::1', '2001:db8::1', '2001::1', '2002:7f00:1::', '3fff::1', '100::1'],
    ...['64:ff9b::127.0.0.1', '64:ff9b:1::1', '::1.1.1.1', '::ffff:10.0.0.1', '4000::1'],
  ];
  it('knows what is reachable from anywhere', () => {
    for (const address of [...PUBLIC, '64:ff9b::1.1.1.1'])
      expect(isPublic(canonical(address)!), address).to.equal(true);
    for (const address of NOT_PUBLIC) expect(isPublic(canonical(address)!), address).to.equal(false);
  });

  it('knows the host itself', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      expect(isLoopback(canonical(address)!), address).to.equal(true);
    }
    for (const address of ['0.0.0.0', '10.0.0.1', '::', 'fe80::1']) {
      expect(isLoopback(canonical(address)!), address).to.equal(false);
    }
  });
});
