import { expect } from 'chai';
import { compileModules } from '../../src/artifact/artifact.ts';
import { compileComponent } from '../../src/artifact/compile-component.ts';
import { ProcessBooks, processBooks } from '../../src/artifact/process-books.ts';
import { analyzeComponent } from '../../src/component/analyze.ts';
import { assertCompilable } from '../../src/component/cost/assert-compilable.ts';
import { parseComponent } from '../../src/component/parse.ts';
import { distinctTypes } from '../hostile/guests/compiler-bombs.ts';
import { componentOf, withModules } from '../hostile/guests/compiler-plugins.ts';
import { thrown } from '../support/outcome.ts';
import { component } from '../support/wat.ts';

function typesOf(bytes: Uint8Array): readonly number[] {
  return assertCompilable(bytes, analyzeComponent(parseComponent(bytes))).footprint.types;
}

const module = (text: string): string => `(core module $m ${text}) (core instance (instantiate $m))`;
const textTypes = async (text: string): Promise<readonly number[]> =>
  typesOf(await component(`(component ${module(text)})`));

describe('ProcessBooks', () => {
  it('books a type once, whichever component has it, and for good', () => {
    const books = new ProcessBooks(3);
    books.book({ types: [1, 2], codeBytes: 0 }).release();
    books.book({ types: [2, 3], codeBytes: 0 });
    expect(books.types).to.equal(3);
    const error = thrown(() => books.book({ types: [3, 4], codeBytes: 0 }));
    expect(error).to.deep.include({ code: 'ERR_COMPONENT_TOO_COMPLEX', limit: { name: 'processTypes', value: 3 } });
    books.book({ types: [1, 2, 3], codeBytes: 0 });
  });

  it('books machine code until it is given back', () => {
    const books = new ProcessBooks(10, 100);
    const first = books.book({ types: [1], codeBytes: 60 });
    const error = thrown(() => books.book({ types: [2], codeBytes: 60 }));
    expect(error).to.deep.include({ limit: { name: 'processCodeBytes', value: 100 } });
    // What was refused was never compiled.
    expect(books.types).to.equal(1);
    first.release();
    books.book({ types: [2], codeBytes: 60 });
    expect(books.codeBytes).to.equal(60);
  });

  it('are written by every component that is compiled', async () => {
    const before = processBooks.types;
    const plugin = await withModules(() => [distinctTypes(100, 1_000)])();
    const compiled = await compileComponent(plugin, { maxMemoryBytes: 32 * 1024 * 1024 });
    await compileModules({ ...compiled, sha256: '', key: '' });
    expect(processBooks.types).to.be.within(before + 100, before + 150);
    const after = processBooks.types;
    await compileModules({ ...compiled, sha256: '', key: '' });
    expect(processBooks.types).to.equal(after);
  });

  it('tell types apart as V8 does', async () => {
    expect(typesOf(componentOf([distinctTypes(500), distinctTypes(500)]))).to.have.length(500);
    const one = await textTypes('(type (func (param i32))) (type (func (param i32)))');
    expect(one).to.have.length(1);
    // A reference is to a type, not to a number.
    const first = await textTypes('(type $a (func (param i32))) (type (func (param (ref $a))))');
    const second = await textTypes('(type $a (func (param i64))) (type (func (param (ref $a))))');
    expect(new Set([...first, ...second])).to.have.property('size', 4);
    // Each type of a group.
    expect(await textTypes('(rec (type (func)) (type (func)) (type (func)))')).to.have.length(3);
  });
});
