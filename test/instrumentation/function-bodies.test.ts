import { expect } from 'chai';
import { parseCoreModule } from '../../src/component/core-module.ts';
import { applyEdits, type Edit } from '../../src/component/edits.ts';
import { readLocals } from '../../src/component/instructions.ts';
import { invalidAt } from '../../src/component/reader.ts';
import { insertIntoBodies } from '../../src/instrumentation/function-bodies.ts';
import { component } from '../support/wat.ts';

const NOP = 0x01;

describe('insertIntoBodies', () => {
  it('leaves a function that cannot be read as it is, and changes the others', async () => {
    const bytes = Uint8Array.from(
      await component(`(module (func (result i32) (i32.const 1)) (func (result i32) (i32.const 2)))`),
    );
    const module = parseCoreModule(bytes, { start: 0, end: bytes.length }, { start: 0, end: 0 });
    const edits: Edit[] = [];
    let functions = 0;
    const growth = insertIntoBodies(bytes, module, edits, (body) => {
      readLocals(body);
      if (++functions === 1) throw invalidAt(body.position, 'unknown instruction');
      return [{ at: body.position, code: [NOP, NOP, NOP] }];
    });
    const changed = applyEdits(bytes, edits);
    expect([
      growth,
      changed.length - bytes.length,
      edits.filter(({ bytes: put }) => put.length === 3).length,
    ]).to.deep.equal([3, 3, 1]);
    expect(WebAssembly.validate(changed)).to.equal(true);
  });
});
