import { expect } from 'chai';
import { analyzeComponent } from '../../src/component/analyze.ts';
import { parseComponent } from '../../src/component/parse.ts';
import { type ContractMatch, matchContract } from '../../src/contract/match.ts';
import { type ErrorCode, PluginError } from '../../src/errors.ts';
import { component, contractWit, dummy } from '../support/wat.ts';

async function match(bytes: Promise<Uint8Array>): Promise<ContractMatch> {
  return matchContract(analyzeComponent(parseComponent(await bytes)));
}

/** Matches a dummy of the contract with replacements made in its WIT, and extra packages. */
function changed(
  world: string,
  ...replacements: readonly (readonly [from: string, to: string])[]
): Promise<Uint8Array> {
  let wit = contractWit;
  for (const [from, to] of replacements) {
    if (!wit.includes(from)) throw new Error(`The contract has no ${from}`);
    wit = wit.replaceAll(from, to);
  }
  return dummy(world, wit);
}

async function refused(code: ErrorCode, bytes: Promise<Uint8Array>): Promise<PluginError> {
  try {
    await match(bytes);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    expect(error.code, error.message).to.equal(code);
    expect(error.hint).to.be.a('string');
    return error;
  }
  throw new Error(`Expected ${code}`);
}

const VERSION = 'package toolsku:plugin-system@1.0.0;';
const package_ = (version: string) => [VERSION, `package toolsku:plugin-system${version};`] as const;

describe('matchContract', () => {
  describe('versions', () => {
    for (const version of ['', '@1.0.0', '@1.0.7', '@1.4.2', '@1.0.0+build']) {
      it(`accepts the package ${version || 'without a version'}`, async () => {
        expect(await match(changed('plugin-world', package_(version)))).to.deep.equal({
          world: 'plugin-world',
          exportName: `toolsku:plugin-system/plugin-api${version}`,
          hostApi: `toolsku:plugin-system/host-api${version}`,
          wasi: [],
          needs: [],
        });
      });
    }

    for (const version of ['@2.0.0', '@0.9.0', '@1.0.0-rc.1']) {
      it(`refuses ${version}, with both interface hashes`, async () => {
        const error = await refused('ERR_INCOMPATIBLE_WIT', changed('plugin-v1', package_(version)));
        expect(error.message).to.equal(
          'The component does not fit toolsku:plugin-system@1: ' +
            `it exports "toolsku:plugin-system/plugin-api-v1${version}", and this host speaks version 1.x ` +
            '(interface hashes: expected 7eff990e50c5aa1d, got 7eff990e50c5aa1d)',
        );
      });
    }

    it('refuses another version of the host API', async () => {
      const text = `(component
        (import "toolsku:plugin-system/host-api@2.0.0" (instance $h (export "get-config" (func (param "key" string) (result (option string))))))
        ${v1('')})`;
      const error = await refused('ERR_INCOMPATIBLE_WIT', component(text));
      expect(error.message).to.include('it imports "toolsku:plugin-system/host-api@2.0.0"');
    });
  });

  describe('worlds', () => {
    it('prefers plugin-api to v2 to v1', async () => {
      const all = [
        'export plugin-api;\n}',
        'export plugin-api; export plugin-api-v1; export plugin-api-v2;\n}',
      ] as const;
      expect((await match(changed('plugin-world', all))).world).to.equal('plugin-world');
      const both = ['export plugin-api-v1;', 'export plugin-api-v1; export plugin-api-v2;'] as const;
      expect((await match(changed('plugin-v1', both))).world).to.equal('plugin-v2');
    });

    it('prefers the highest compatible version, and any to one that is not compatible', async () => {
      const exports = ['', '@1.2.0', '@1.10.0', '@2.0.0'].map((version) => v1(version));
      expect((await match(component(`(component ${exports.join('\n')})`))).exportName).to.equal(
        'toolsku:plugin-system/plugin-api-v1@1.10.0',
      );
    });

    it('accepts more exports than the contract has, and no host API', async () => {
      const more = changed(
        'plugin-world',
        ['export plugin-api;', 'export plugin-api; export init: func();'],
        ['import host-api;', ''],
      );
      expect(await match(more)).to.deep.include({ world: 'plugin-world', hostApi: undefined });
      const functions = changed('plugin-v1', [
        'process: func(input: string) -> string;',
        'process: func(input: string) -> string; more: func();',
      ]);
      expect((await match(functions)).world).to.equal('plugin-v1');
    });

    it('refuses a component of another world, and says what it exports', async () => {
      const error = await refused('ERR_INCOMPATIBLE_WIT', dummy('w', 'package a:b; world w { export run: func(); }'));
      expect(error.message).to.equal(
        'The component exports none of plugin-api-bytes, plugin-api-batch, plugin-api, plugin-api-v2, plugin-api-v1 of toolsku:plugin-system@1; it exports "run"',
      );
      const nothing = await refused('ERR_INCOMPATIBLE_WIT', component('(component)'));
      expect(nothing.message).to.include('it exports nothing');
    });

    it('refuses an export of that name which is no interface', async () => {
      const error = await refused(
        'ERR_INCOMPATIBLE_WIT',
        component('(component (component $c) (export "toolsku:plugin-system/plugin-api" (component $c)))'),
      );
      expect(error.message).to.include('is a component, not an interface');
    });
  });

  describe('types', () => {
    it('names the function that is missing', async () => {
      const error = await refused(
        'ERR_INCOMPATIBLE_WIT',
        changed('plugin-world', ['shutdown: func() -> result<_, string>;', '']),
      );
      expect(error.message).to.match(
        /the export "toolsku:plugin-system\/plugin-api@1\.0\.0" lacks "shutdown" \(interface hashes: expected 4dd090ed90a3a69b, got [0-9a-f]{16}\)$/,
      );
    });

    it('says where a type differs, with both sides and both interface hashes', async () => {
      const error = await refused(
        'ERR_INCOMPATIBLE_WIT',
        changed('plugin-world', ['input: string,\n    options', 'input: u32,\n    options']),
      );
      expect(error.message).to.match(
        /has other types: process: parameter req: field "input": expected string, got u32 \(interface hashes: expected 4dd090ed90a3a69b, got (?!4dd090ed90a3a69b)[0-9a-f]{16}\)$/,
      );
    });

    it('refuses types that differ in v1 and v2', async () => {
      const v1Error = await refused(
        'ERR_INCOMPATIBLE_WIT',
        changed('plugin-v1', ['(input: string) -> string', '(input: string) -> list<u8>']),
      );
      expect(v1Error.message).to.include('process: result: expected string, got list<u8>');
      const v2Error = await refused(
        'ERR_INCOMPATIBLE_WIT',
        changed('plugin-v2', ['-> result<string, string>', '-> result<string>']),
      );
      expect(v2Error.message).to.include('process: result: error: expected string, got nothing');
    });
  });

  describe('host API', () => {
    it('accepts an import of some of its functions', async () => {
      const some = changed('plugin-world', ['get-config: func(key: string) -> option<string>;', '']);
      expect((await match(some)).hostApi).to.equal('toolsku:plugin-system/host-api@1.0.0');
    });

    it('refuses a function that the host does not offer', async () => {
      const error = await refused(
        'ERR_INCOMPATIBLE_WIT',
        changed('plugin-world', ['interface host-api {', 'interface host-api { read-secret: func() -> string;']),
      );
      expect(error.message).to.include('asks for "read-secret", which the host does not offer');
    });

    it('refuses other types', async () => {
      const error = await refused(
        'ERR_INCOMPATIBLE_WIT',
        changed('plugin-world', ['event-type: string', 'event-type: u8']),
      );
      expect(error.message).to.include('emit-event: parameter event-type: expected string, got u8');
    });

    it('refuses two versions of it in one component', async () => {
      const host = (version: string) => `(import "toolsku:plugin-system/host-api${version}" (instance))`;
      const error = await refused(
        'ERR_INCOMPATIBLE_WIT',
        component(`(component ${host('@1.0.0')} ${host('@1.1.0')} ${v1('')})`),
      );
      expect(error.message).to.include('imports the host API twice');
    });
  });

  describe('imports', () => {
    const fieldsHas = (name: string, result: string) =>
      `(export "[method]fields.has" (func (param "self" (borrow $f)) (param "name" ${name}) (result ${result})))`;
    const withImport = (text: string) => component(`(component ${text} ${v1('')})`);

    it('lists the WASI interfaces under their exact names', async () => {
      const wasi = ['wasi:cli/environment@0.2.6', 'wasi:random/random@0.2.0', 'wasi:clocks/monotonic-clock@0.2.12'];
      const functions = [
        '"get-arguments" (func (result (list string)))',
        '"get-random-u64" (func (result u64))',
        '"now" (func (result u64))',
      ];
      const imports = wasi.map((name, at) => `(import "${name}" (instance (export ${functions[at]})))`);
      expect((await match(withImport(imports.join('')))).wasi).to.deep.equal(wasi);
    });

    it('refuses an interface that nobody offers, by name', async () => {
      const error = await refused(
        'ERR_UNKNOWN_IMPORT',
        withImport('(import "acme:gadgets/frob@0.1.0" (instance (export "f" (func))))'),
      );
      expect(error.message).to.equal('The component imports "acme:gadgets/frob@0.1.0", which the host does not offer');
      expect(error.hint).to.include('wac plug');
    });

    it('refuses other versions of WASI, and says which it offers', async () => {
      const error = await refused(
        'ERR_UNKNOWN_IMPORT',
        withImport('(import "wasi:io/poll@0.3.0" (instance (export "f" (func))))'),
      );
      expect(error.hint).to.include('0.2.x');
    });

    it('refuses what the interface of WASI does not have: members of our classes that are not for guests', async () => {
      const name = '"wasi:http/types@0.2.0"';
      const resource = '(export "fields" (type $f (sub resource)))';
      for (const [member, type] of [
        ['[method]fields.adopt', '(func (param "self" (borrow $f)))'],
        ['[static]fields.adopt', '(func)'],
        ['to-string', '(func)'],
        ['get', '(func)'],
        ['nested', '(instance (export "poll" (func)))'],
      ] as const) {
        const text = `(import ${name} (instance ${resource} (export "${member}" ${type})))`;
        expect((await refused('ERR_UNKNOWN_IMPORT', withImport(text))).message).to.equal(
          `The component imports "${member}" of ${name}, which that interface of WASI 0.2 does not have`,
        );
      }
      const { wasi } = await match(
        withImport(`(import ${name} (instance ${resource} ${fieldsHas('string', 'bool')}))`),
      );
      expect(wasi).to.deep.equal(['wasi:http/types@0.2.0']);
    });

    it('refuses functions of WASI with other types: the host takes what it is passed for what the standard says', async () => {
      const resource = '(export "fields" (type $f (sub resource)))';
      for (const [name, result] of [
        ['f64', 'bool'],
        ['(list u8)', 'bool'],
        ['string', 'u8'],
      ] as const) {
        const text = `(import "wasi:http/types@0.2.0" (instance ${resource} ${fieldsHas(name, result)}))`;
        expect((await refused('ERR_INCOMPATIBLE_WIT', withImport(text))).message).to.equal(
          'The component imports "[method]fields.has" of "wasi:http/types@0.2.0" with other types than WASI 0.2 gives it',
        );
      }
    });

    it('refuses functions, modules, components and resources', async () => {
      for (const [text, what] of [
        ['(import "f" (func))', 'the func "f"'],
        ['(import "m" (core module))', 'the module "m"'],
        ['(import "c" (component))', 'the component "c"'],
        ['(import "r" (type (sub resource)))', 'the type "r"'],
        ['(import "wasi:io/poll@0.2.0" (func))', 'the func "wasi:io/poll@0.2.0"'],
      ] as const) {
        expect((await refused('ERR_UNKNOWN_IMPORT', withImport(text))).message).to.include(what);
      }
    });

    it('accepts imports that are only names for types', async () => {
      const text = `(import "acme:gadgets/types" (instance (type $t (record (field "x" u8))) (export "t" (type (eq $t)))))
        (type $u (enum "a")) (import "u" (type (eq $u)))`;
      expect((await match(withImport(text))).wasi).to.deep.equal([]);
    });

    it('escapes names in what it says', async () => {
      const error = await refused('ERR_UNKNOWN_IMPORT', withImport('(import "url=<a\\1b[2J>" (func))'));
      expect(error.message).to.include('"url=<a\\u{1b}[2J>"');
    });
  });
});

/** The export of plugin-api-v1 with types but no code behind it: all that matching looks at. */
function v1(version: string): string {
  const id = version.replaceAll(/[^0-9]/g, '');
  return `
    (core module $m${id} (memory (export "m") 1)
      (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "process") (param i32 i32) (result i32) unreachable))
    (core instance $i${id} (instantiate $m${id}))
    (alias core export $i${id} "m" (core memory $mem${id}))
    (alias core export $i${id} "r" (core func $realloc${id}))
    (alias core export $i${id} "process" (core func $process${id}))
    (func $lifted${id} (param "input" string) (result string)
      (canon lift (core func $process${id}) (memory $mem${id}) (realloc $realloc${id})))
    (instance $api${id} (export "process" (func $lifted${id})))
    (export "toolsku:plugin-system/plugin-api-v1${version}" (instance $api${id}))`;
}
