import { expect } from 'chai';
import { assertPlainNames, plainName, shownName } from '../../src/component/names.ts';
import { parseComponent } from '../../src/component/parse.ts';
import { component, dummy } from '../support/wat.ts';
import { refusal } from './from-wat.ts';

/** Runs when jco's generated JavaScript is imported, if the name is pasted unescaped. */
const INJECTION = "a'];globalThis.PWNED=1;['";

const parsed = async (wat: string) => parseComponent(await component(wat));

describe('assertPlainNames', () => {
  it('refuses a core export that would run as code', async () => {
    const guest = await parsed(`(component (core module (func (export "${INJECTION}"))))`);
    const error = refusal('ERR_INVALID_COMPONENT', () => assertPlainNames(guest));
    expect(error.message).to.equal(
      `The component contains a name that is not plain: the core export "a'];globalThis.PWNED=1;['"`,
    );
  });

  it('refuses such a name wherever a component has names', async () => {
    const name = `"${INJECTION}"`;
    const places = [
      `(core module (import ${name} "f" (func)))`,
      `(core module (import "m" ${name} (func)))`,
      `(component (component (core module (func (export ${name})))))`,
      `(core module $m) (core instance $i (instantiate $m)) (core instance (instantiate $m (with ${name} (instance $i))))`,
      `(core func $f (canon thread.yield)) (core instance (export ${name} (func $f)))`,
      `(core module $m) (core instance $i (instantiate $m)) (alias core export $i ${name} (core func))`,
      `(core type (module (import ${name} "f" (func))))`,
      `(core type (module (export ${name} (func))))`,
      `(component $c) (instance $i) (instance (instantiate $c (with ${name} (instance $i))))`,
      `(import "url=<${INJECTION}>" (func))`,
    ];
    for (const place of places) {
      const guest = await parsed(`(component ${place})`);
      expect(refusal('ERR_INVALID_COMPONENT', () => assertPlainNames(guest)).message).to.include('not plain');
    }
  });

  it('refuses __proto__, which is no property in an object literal', async () => {
    const guest = await parsed('(component (core module (func (export "__proto__"))))');
    refusal('ERR_INVALID_COMPONENT', () => assertPlainNames(guest));
  });

  it('refuses quotes, backslashes, spaces, line breaks and what is not ASCII', async () => {
    for (const character of [
      '\\22',
      '\\5c',
      '\\20',
      '\\0a',
      '\\e2\\80\\a8',
      '`',
      '{',
      '}',
      '(',
      ';',
      ',',
      '*',
      '=',
      '\\00',
    ]) {
      const guest = await parsed(`(component (core module (func (export "a${character}b"))))`);
      refusal('ERR_INVALID_COMPONENT', () => assertPlainNames(guest));
    }
  });

  it('accepts the names that wit-component and compilers use', async () => {
    assertPlainNames(parseComponent(await dummy('plugin-world')));
    const names = [
      '',
      'cabi_realloc',
      '$imports',
      '$root',
      '[method]input-stream.read',
      '[static]a.b',
      '[resource-drop]x',
      '[async-lower][stream-read-0]f',
      '[export]wasi:io/poll@0.2.6+build.1',
      'cm32p2|wasi:io/poll@0.2|[resource-drop]pollable',
      'cabi_post_toolsku:plugin-system/plugin-api@1.0.0#process',
      '_ZN4core3ptr52drop_in_place$LT$std..io..error..Error$GT$17h5b6b5f0c8f3a2f4dE',
      'GOT.mem',
      'fd_write [v2]',
      '0',
    ];
    for (const name of names) {
      assertPlainNames(
        await parsed(`(component (core module (import "${name}" "${name}" (func)) (func (export "${name}"))))`),
      );
    }
  });
});

describe('shownName', () => {
  it('escapes what a terminal or a log line would act on, and cuts', () => {
    expect(shownName('a\n\u001b[31m\u202e"\\')).to.equal('"a\\u{a}\\u{1b}[31m\\u{202e}\\u{22}\\u{5c}"');
    expect(shownName('x'.repeat(500))).to.equal(`"${'x'.repeat(79)}…"`);
  });

  it('leaves a plain name as it is where quotes are not needed', () => {
    expect(plainName('wasi:io/poll@0.2.6')).to.equal('wasi:io/poll@0.2.6');
    expect(plainName('')).to.equal('""');
    expect(plainName('a b')).to.equal('"a b"');
  });
});
