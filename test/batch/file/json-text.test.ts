import { expect } from 'chai';
import { array, assert, dictionary, json, jsonValue, property, string } from 'fast-check';
import { elementsOf, membersOf, objectOf } from '../../../src/batch/file/json-text.ts';

describe('membersOf', () => {
  it('finds what JSON.parse finds, in whatever way it is written', () => {
    const objects = dictionary(string({ unit: 'binary' }), jsonValue());
    assert(
      property(objects, json({ depthSize: 'small' }), (object, nested) => {
        for (const text of [JSON.stringify(object), JSON.stringify(object, undefined, 2), `{"a" : ${nested} }`]) {
          const members = [...membersOf(text)].map(([name, value]) => [name, JSON.parse(value)]);
          expect(Object.fromEntries(members)).to.deep.equal(JSON.parse(text));
        }
      }),
    );
  });

  it('leaves values as they stand there', () => {
    const text = '{"big": 12345678901234567890.10, "e":1E5 ,"s":"\\u0041\\"}","list":[1.0 , {"x":"]"}],"t":true}';
    expect([...membersOf(text)]).to.deep.equal([
      ['big', '12345678901234567890.10'],
      ['e', '1E5'],
      ['s', '"\\u0041\\"}"'],
      ['list', '[1.0 , {"x":"]"}]'],
      ['t', 'true'],
    ]);
    expect(objectOf(membersOf('{"a":1.0,"a":2.0,"__proto__":0}'))).to.equal('{"a":2.0,"__proto__":0}');
  });

  it('makes one line of many', () => {
    expect(membersOf('{"a": [1,\r\n  2\n]}').get('a')).to.equal('[1,    2 ]');
  });
});

describe('elementsOf', () => {
  it('finds what JSON.parse finds', () => {
    assert(
      property(array(jsonValue()), (values) => {
        for (const space of [undefined, 1]) {
          const elements = elementsOf(JSON.stringify(values, undefined, space));
          expect(elements.map((text) => JSON.parse(text))).to.deep.equal(JSON.parse(JSON.stringify(values)));
        }
      }),
    );
    expect(elementsOf('{}')).to.deep.equal([]);
  });
});
