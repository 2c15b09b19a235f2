import { expect } from 'chai';
import fc from 'fast-check';
import { demangle } from '../../src/text/demangle.ts';

describe('demangle', () => {
  const NAMES: Readonly<Record<string, string>> = {
    _ZN4core9panicking5panic17h0123456789abcdefE: 'core::panicking::panic',
    '_ZN4core3ptr42drop_in_place$LT$std..io..error..Error$GT$17h5b6b5f0c8f3a2f4dE':
      'core::ptr::drop_in_place<std::io::error::Error>',
    '_ZN66_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$4drop17h0123456789abcdefE':
      '<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop',
    _RNvNtCs1234_7mycrate3foo3bar: 'mycrate::foo::bar',
    _RNCNvCs4fqI2P2rA04_7mycrate4main0: 'mycrate::main::{closure}',
    _ZN3app6Parser4readEPKcm: 'app::Parser::read',
    _ZNK3app6Parser4sizeEv: 'app::Parser::size',
    _Z3addii: 'add',
  };
  for (const [symbol, name] of Object.entries(NAMES)) {
    it(`reads ${name}`, () => expect(demangle(symbol)).to.equal(name));
  }

  it('leaves alone what it does not understand', () => {
    for (const symbol of [
      'main',
      '',
      '_Z',
      '_ZN',
      '_ZNE',
      '_R',
      '_ZN9999xE',
      '_ZNSt6vectorIiSaIiEE9push_backEOi',
      '_RINvCs1_7mycrate3fooiE',
      `_R${'N'.repeat(3000)}`,
    ]) {
      expect(demangle(symbol)).to.equal(symbol);
    }
  });

  it('ends for any symbol, with a name of its size', () => {
    const part = fc.constantFrom(
      '_ZN',
      '_R',
      'Nv',
      'C',
      's_',
      '3abc',
      '17h0123456789abcdef',
      'E',
      '$u20$',
      '..',
      '0',
      '_',
      '9',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 5 })), { maxLength: 40 }), (parts) => {
        expect(demangle(parts.join('')).length).to.be.at.most(2 * parts.join('').length + 20);
      }),
    );
  });
});
