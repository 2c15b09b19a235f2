import { expect } from 'chai';
import { parseInterfaceName } from '../../src/contract/interface-name.ts';
import { isWasi } from '../../src/contract/wasi.ts';

const offered = (name: string) => isWasi(parseInterfaceName(name)!);

describe('isWasi', () => {
  it('knows the interfaces of WASI 0.2 in every release of it', () => {
    for (const name of [
      'wasi:cli/stdout@0.2.0',
      'wasi:clocks/monotonic-clock@0.2.3',
      'wasi:filesystem/types@0.2.12',
      'wasi:http/outgoing-handler@0.2.8',
      'wasi:io/streams@0.2.99',
      'wasi:random/insecure-seed@0.2.6+vendor',
      'wasi:sockets/tcp-create-socket@0.2.6',
    ]) {
      expect(offered(name), name).to.equal(true);
    }
  });

  it('knows those of WASI 0.3, of which some are new and some are gone', () => {
    for (const name of ['wasi:cli/stdin@0.3.0', 'wasi:clocks/system-clock@0.3.7', 'wasi:random/random@0.3.0']) {
      expect(offered(name), name).to.equal(true);
    }
    for (const name of [
      'wasi:cli/stdin@0.3.0-rc-2026-03-15',
      'wasi:cli/stdin@0.4.0',
      'wasi:clocks/wall-clock@0.3.0',
      'wasi:clocks/system-clock@0.2.0',
      'wasi:http/incoming-handler@0.3.0',
      'wasi:sockets/types@0.3.0',
    ]) {
      expect(offered(name), name).to.equal(false);
    }
  });

  it('knows no other version, interface or package', () => {
    for (const name of [
      'wasi:io/streams',
      'wasi:io/streams@0.3.0',
      'wasi:io/streams@0.2.0-rc-2023-11-10',
      'wasi:io/streams@1.2.0',
      'wasi:io/rockets@0.2.0',
      'wasi:keyvalue/store@0.2.0',
      'wasi:cli/run@0.2.0',
      'acme:io/streams@0.2.0',
    ]) {
      expect(offered(name), name).to.equal(false);
    }
  });
});
