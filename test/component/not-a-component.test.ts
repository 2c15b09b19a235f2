import { expect } from 'chai';
import { parseComponent } from '../../src/component/parse.ts';
import { PluginError } from '../../src/errors.ts';

const text = (value: string): number[] => [value.length, ...Buffer.from(value)];

/** A core module with nothing but the section in which tools say who they are. */
function producedBy(language: string): Uint8Array {
  const fields = [
    ...text('processed-by'),
    1,
    ...text('tool'),
    ...text('1'),
    ...text('language'),
    1,
    ...text(language),
    ...text('1'),
  ];
  const section = [...text('producers'), 2, ...fields];
  return Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0, section.length, ...section);
}

function refusal(bytes: Uint8Array): PluginError {
  try {
    parseComponent(bytes);
  } catch (error) {
    if (error instanceof PluginError && error.code === 'ERR_NOT_A_COMPONENT') return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('A file that is no component', () => {
  for (const [language, says] of [
    ['Rust', 'rustup target add wasm32-wasip2'],
    ['Go', 'Go compiles to core modules'],
    ['C11', 'clang compiles to core modules'],
    ['C_plus_plus_14', 'clang compiles to core modules'],
    ['Zig', 'If it has the contract'],
    ['constructor', 'If it has the contract'],
  ] as const) {
    it(`is a core module compiled from ${language}: the hint names what its author can do`, () => {
      const { message, hint } = refusal(producedBy(language));
      expect(message).to.equal('The bytes are a core WebAssembly module, not a component.');
      expect(hint).to.include(says).and.include('wasm-plugin-pool componentize');
    });
  }

  it('is a core module that says nothing, or nothing that can be read', () => {
    const module = producedBy('Rust');
    for (const bytes of [
      module.subarray(0, 8),
      module.subarray(0, module.length - 3),
      producedBy('x'.repeat(40)).fill(0xff, 20),
    ]) {
      expect(refusal(bytes).hint).to.include('If it has the contract');
    }
  });

  it('is something else: the hint says what, where that is seldom a coincidence', () => {
    expect(refusal(Buffer.from('(component)')).hint).to.include('wasm-tools parse');
    expect(refusal(Buffer.from('version https://git-lfs.github.com/spec/v1\n')).hint).to.include('git lfs pull');
    expect(refusal(Uint8Array.of(0x1f, 0x8b, 8, 0)).hint).to.include('gunzip');
    expect(refusal(Buffer.from('export const a = 1;')).hint).to.include('wasm-plugin-pool new');
    expect(refusal(new Uint8Array()).message).to.equal('The 0 bytes are not WebAssembly.');
  });
});
