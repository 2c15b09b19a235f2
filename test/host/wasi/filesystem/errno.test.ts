import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { expect } from 'chai';
import { syscall } from '../../../../src/host/wasi/filesystem/errno.ts';
import { err, thrown } from '../sandbox.ts';

const failWith = (code: string): never => {
  throw Object.assign(new Error(`${code}: open '/proc/self/fd/9/secret'`), { code, syscall: 'open' });
};

describe('errors of the system', () => {
  it('become those of the interface, every one of them', () => {
    const codes = Object.keys(constants.errno).map((code) => err(() => syscall(() => failWith(code))));
    expect(codes.every((code) => typeof code === 'string' && /^[a-z-]+$/.test(code))).to.equal(true);
    expect(err(() => syscall(() => readFileSync('/nowhere')))).to.equal('no-entry');
    expect(err(() => syscall(() => failWith('EMFILE')))).to.equal('quota');
    expect(err(() => syscall(() => failWith('ESTALE')))).to.equal('io');
  });

  it('do not hide bugs of ours', () => {
    const bug = new TypeError('bug');
    expect(
      thrown(() =>
        syscall(() => {
          throw bug;
        }),
      ),
    ).to.equal(bug);
  });
});
