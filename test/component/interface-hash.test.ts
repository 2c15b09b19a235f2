import { expect } from 'chai';
import { interfaceHash } from '../../src/component/interface-hash.ts';
import type { InstanceType, ValueType } from '../../src/component/types.ts';
import { fromWat } from './from-wat.ts';

async function hash(declarations: string, name = 'a:b/c@1.0.0'): Promise<string> {
  const { analysis } = await fromWat(`(component (import "${name}" (instance ${declarations})))`);
  return interfaceHash(analysis.imports[0]!.type as InstanceType);
}

describe('interfaceHash', () => {
  const f = '(export "f" (func (param "x" u8)))';
  const g = '(export "g" (func (result string)))';

  it('is 16 hexadecimal digits', async () => {
    expect(await hash(f)).to.match(/^[0-9a-f]{16}$/);
  });

  it('does not count the version, the order of functions and the names of types', async () => {
    expect(await hash(f + g, 'a:b/c@1.0.0')).to.equal(await hash(g + f, 'a:b/c@1.4.2'));
    const record = '(type $r (record (field "a" u8)))';
    const use = (name: string, type: string) =>
      `${record} (export "${name}" (type ${type} (eq $r))) (export "f" (func (param "x" ${type})))`;
    expect(await hash(use('request', '$q'))).to.equal(await hash(use('question', '$p')));
  });

  it('counts names of functions, parameters, fields and cases, and every type', async () => {
    const named = (inner: string, type = '$t') =>
      `(type $u ${inner}) (export "t" (type $t (eq $u))) (export "f" (func (param "x" ${type})))`;
    const all = await Promise.all([
      hash(f),
      hash(g),
      hash(f + g),
      hash('(export "f" (func (param "y" u8)))'),
      hash('(export "f" (func (param "x" u16)))'),
      hash('(export "f" (func (param "x" u8) (result u8)))'),
      hash(named('(record (field "a" u8))')),
      hash(named('(record (field "b" u8))')),
      hash(named('(record (field "a" u8) (field "b" u8))')),
      hash(named('(enum "a" "b")')),
      hash(named('(flags "a" "b")')),
      hash(named('(enum "b" "a")')),
      hash(named('(variant (case "a") (case "b"))')),
      hash('(export "r" (type (sub resource)))'),
      hash('(export "f" (func (param "x" (list u8))))'),
      hash('(export "f" (func (param "x" (list u8 3))))'),
    ]);
    expect(new Set(all).size).to.equal(all.length);
  });

  it('tells an owned from a borrowed resource, and one resource from another', async () => {
    const two = (type: string) =>
      `(export "a" (type $a (sub resource))) (export "b" (type $b (sub resource))) (type $t ${type}) (export "f" (func (param "x" $t)))`;
    const all = await Promise.all([hash(two('(own $a)')), hash(two('(borrow $a)')), hash(two('(own $b)'))]);
    expect(new Set(all).size).to.equal(3);
  });

  it('takes time linear in the objects of a type that stands for a huge tree', () => {
    let type: ValueType = { kind: 'u8' };
    for (let level = 0; level < 100; level++) type = { kind: 'tuple', elements: [type, type] };
    const exports = new Map([
      ['f', { kind: 'func', async: false, params: [{ name: 'x', type }], result: type } as const],
    ]);
    expect(interfaceHash({ kind: 'instance', exports })).to.match(/^[0-9a-f]{16}$/);
  });
});
