import { expect } from 'chai';
import { typeTable } from '../../../src/isolation/wire/checked-types.ts';
import { ProtocolError } from '../../../src/isolation/wire/unpacker.ts';

describe('types that a child tells of', () => {
  const lists = (count: number): { kind: string; element?: number }[] =>
    Array.from({ length: count }, (_, at) => (at === 0 ? { kind: 'u8' } : { kind: 'list', element: at - 1 }));

  it('are what a component may have', () => {
    const types = [...lists(100), { kind: 'record', fields: [{ name: 'a', type: 99 }] }];
    expect(typeTable(types)).to.deep.equal(types);
  });

  const forged: Readonly<Record<string, readonly object[]>> = {
    'levels without end': lists(10_000),
    'a part of itself': [{ kind: 'list', element: 0 }],
    'a part that is not there': [{ kind: 'u8' }, { kind: 'option', some: 7 }],
    'a kind that is none': [{ kind: 'own', resource: 0 }],
    'no names': [{ kind: 'enum', names: 'red' }],
  };
  for (const [name, types] of Object.entries(forged)) {
    it(`are not believed to have ${name}`, () => {
      expect(() => typeTable(types as Readonly<Record<string, unknown>>[])).to.throw(ProtocolError);
    });
  }
});
