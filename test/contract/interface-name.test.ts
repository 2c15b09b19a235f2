import { expect } from 'chai';
import { parseInterfaceName, releasedVersion } from '../../src/contract/interface-name.ts';

describe('parseInterfaceName', () => {
  it('takes names apart', () => {
    expect(parseInterfaceName('wasi:io/poll@0.2.6')).to.deep.equal({
      package: 'wasi:io',
      interface: 'poll',
      version: '0.2.6',
    });
    expect(parseInterfaceName('a:b/c')).to.deep.equal({ package: 'a:b', interface: 'c', version: undefined });
  });

  it('knows what is no interface in a package', () => {
    for (const name of ['', 'process', 'a:b', 'a:b/', '/c', 'a:b/c@', 'A:b/c', 'url=<https://a:b/c>', '__proto__']) {
      expect(parseInterfaceName(name), name).to.equal(undefined);
    }
  });
});

describe('releasedVersion', () => {
  it('reads releases, with or without build metadata', () => {
    expect(releasedVersion('1.20.3')).to.deep.equal([1, 20, 3]);
    expect(releasedVersion('0.2.6+build.7')).to.deep.equal([0, 2, 6]);
  });

  it('knows no compatibility of pre-releases and of what is no version', () => {
    for (const version of ['1.0.0-rc.1', '1.0', '1', 'x', '1.0.0.0', '99999999999.0.0']) {
      expect(releasedVersion(version), version).to.equal(undefined);
    }
  });
});
