import { expect } from 'chai';
import { describeExtern, describeFunc, describeType } from '../../src/component/describe.ts';
import type { ValueType } from '../../src/component/types.ts';
import { fromWat } from './from-wat.ts';

/** A type of `depth` objects that stands for a tree of 2^depth. */
function doubled(depth: number): ValueType {
  let type: ValueType = { kind: 'u8' };
  for (let level = 0; level < depth; level++) type = { kind: 'tuple', elements: [type, type] };
  return type;
}

describe('describeType', () => {
  const string: ValueType = { kind: 'string' };

  it('writes types as WIT does', () => {
    const cases: readonly (readonly [ValueType, string])[] = [
      [
        { kind: 'list', element: { kind: 'tuple', elements: [string, string] }, length: undefined },
        'list<tuple<string, string>>',
      ],
      [{ kind: 'list', element: { kind: 'u8' }, length: 4 }, 'list<u8, 4>'],
      [{ kind: 'result', ok: undefined, error: string }, 'result<_, string>'],
      [{ kind: 'result', ok: string, error: undefined }, 'result<string>'],
      [{ kind: 'result', ok: undefined, error: undefined }, 'result'],
      [{ kind: 'option', some: { kind: 'char' } }, 'option<char>'],
      [{ kind: 'map', key: string, value: { kind: 'u32' } }, 'map<string, u32>'],
      [{ kind: 'stream', element: undefined }, 'stream'],
      [{ kind: 'record', fields: [{ name: 'a', type: string }] }, 'record { a: string }'],
      [{ kind: 'flags', names: ['r', 'w'] }, 'flags { r, w }'],
      [
        {
          kind: 'variant',
          cases: [
            { name: 'none', type: undefined },
            { name: 'some', type: string },
          ],
        },
        'variant { none, some(string) }',
      ],
      [{ kind: 'borrow', resource: { kind: 'resource', name: 'file' } }, 'borrow<file>'],
      [{ kind: 'own', resource: { kind: 'resource', name: undefined } }, 'resource'],
    ];
    for (const [type, text] of cases) expect(describeType(type)).to.equal(text);
  });

  it('cuts types that stand for huge trees', () => {
    const text = describeType(doubled(90));
    expect(text).to.have.lengthOf(201);
    expect(text).to.match(/^tuple<tuple<.*…$/);
  });

  it('escapes labels that are not plain', () => {
    const type: ValueType = { kind: 'enum', names: ['ok', 'a\u001b[2J\n"'] };
    expect(describeType(type)).to.equal('enum { ok, "a\\u{1b}[2J\\u{a}\\u{22}" }');
  });
});

describe('describeFunc', () => {
  it('writes parameters and result', () => {
    const u8: ValueType = { kind: 'u8' };
    expect(describeFunc({ kind: 'func', async: false, params: [{ name: 'x', type: u8 }], result: u8 })).to.equal(
      'func(x: u8) -> u8',
    );
    expect(describeFunc({ kind: 'func', async: true, params: [], result: undefined })).to.equal('async func()');
  });
});

describe('describeExtern', () => {
  it('writes an interface with its types, which are used by name afterwards', async () => {
    const { analysis } = await fromWat(`(component
      (import "acme:store/api@1.2.0" (instance
        (export "file" (type $file (sub resource)))
        (type $r' (record (field "path" string) (field "sizes" (list u64)))) (export "entry" (type $entry (eq $r')))
        (type $v' (variant (case "all") (case "one" $entry))) (export "filter" (type $filter (eq $v')))
        (type $f' (flags "a" "b")) (export "mode" (type (eq $f')))
        (export "alias" (type (eq $entry)))
        (type $text' string) (export "text" (type (eq $text')))
        (type $own (own $file)) (type $borrow (borrow $file))
        (export "open" (func (param "entry" $entry) (param "as" string) (result (result $own (error $filter)))))
        (export "[method]file.read" (func (param "self" $borrow) (result (list u8)))))))`);
    const { name, type } = analysis.imports[0]!;
    expect(describeExtern(name, type).split('\n')).to.deep.equal([
      'interface acme:store/api@1.2.0 {',
      '  resource file;',
      '  record entry {',
      '    path: string,',
      '    sizes: list<u64>,',
      '  }',
      '  variant filter {',
      '    all,',
      '    one(entry),',
      '  }',
      '  flags mode {',
      '    a,',
      '    b,',
      '  }',
      '  type alias = entry;',
      '  type text = string;',
      '  open: func(entry: entry, as: string) -> result<file, filter>;',
      '  [method]file.read: func(self: borrow<file>) -> list<u8>;',
      '}',
    ]);
  });

  it('writes functions, modules and components on one line', async () => {
    const { analysis } = await fromWat(`(component
      (import "f" (func (param "x" u32)))
      (import "m" (core module))
      (import "c" (component)))`);
    expect(analysis.imports.map(({ name, type }) => describeExtern(name, type))).to.deep.equal([
      'f: func(x: u32);',
      'module m;',
      'component c;',
    ]);
  });
});
