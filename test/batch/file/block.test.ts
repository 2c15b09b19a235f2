import { expect } from 'chai';
import { Block } from '../../../src/batch/file/block.ts';

describe('Block', () => {
  it('holds lines as bytes, however long they are', () => {
    const lines = ['a', 'ä𝄞', '', 'x'.repeat(200_000), '\ud800', 'z'];
    const block = new Block();
    for (const line of lines) block.add(line);
    const text = `${lines.join('\n').toWellFormed()}\n`;
    expect(block.length).to.equal(Buffer.byteLength(text));
    expect(block.take().toString()).to.equal(text);
    expect(block.length).to.equal(0);
  });

  it('takes lines while others are written, and uses their memory after that', () => {
    const block = new Block();
    block.add('first');
    const first = block.take();
    block.add('second');
    expect(first.toString()).to.equal('first\n');
    block.release(first);
    const second = block.take();
    block.add('third');
    expect(second.toString()).to.equal('second\n');
    expect(block.take().buffer).to.equal(first.buffer);
  });
});
