import { expect } from 'chai';
import type { TypeNode } from '../../src/canonical-abi/plan/plan.ts';
import { JsonSchemas } from '../../src/typed-json/json-schema.ts';

/** A record of so many fields of one type. */
function recordOf(fields: number, type: number): TypeNode {
  return { kind: 'record', fields: Array.from({ length: fields }, (_, at) => ({ name: `x${at}`, type })) };
}

describe('the schemas of values of WIT', () => {
  const written = (types: readonly TypeNode[]): string => {
    const schemas = new JsonSchemas(types, '#/');
    const schema = schemas.schemaOf(types.length - 1);
    return JSON.stringify([schema, [...schemas.definitions]]);
  };

  const often: Readonly<Record<string, readonly TypeNode[]>> = {
    'names of an enum': [{ kind: 'enum', names: Array.from({ length: 1000 }, (_, at) => `name-${at}`) }],
    'lists of lists': Array.from(
      { length: 100 },
      (_, at): TypeNode => (at === 0 ? { kind: 'u16' } : { kind: 'list', element: at - 1 }),
    ),
    'lists of what there may be': Array.from(
      { length: 100 },
      (_, at): TypeNode =>
        at === 0
          ? { kind: 'string' }
          : at % 2 === 0
            ? { kind: 'list', element: at - 1 }
            : { kind: 'option', some: at - 1 },
    ),
  };
  for (const [name, types] of Object.entries(often)) {
    it(`have ${name} once, however often they are used`, () => {
      const once = written([...types, recordOf(1, types.length - 1)]).length;
      const field = JSON.stringify({ 'x-999': { anyOf: [{ $ref: '#/99' }, { type: 'null' }] } }).length + 10;
      expect(written([...types, recordOf(1000, types.length - 1)]).length).to.be.below(once + 1000 * field);
    });
  }

  it('write out what is small', () => {
    const types: readonly TypeNode[] = [{ kind: 'string' }, { kind: 'option', some: 0 }, { kind: 'list', element: 0 }];
    const schemas = new JsonSchemas(types, '#/');
    expect(schemas.schemaOf(2)).to.deep.equal({ type: 'array', items: { type: 'string' } });
    expect(schemas.schemaOf(1)).to.deep.equal({ anyOf: [{ type: 'string' }, { type: 'null' }] });
    expect(schemas.definitions.size).to.equal(0);
  });
});
