import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const FOLDER = new URL('../../examples/plugins/mail/', import.meta.url);
const TEMPLATE = new URL('../../templates/python/', import.meta.url);

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);

// Its component takes a toolchain and 20 MB; what does the work needs neither.
if (python.status === 0) {
  for (const [what, folder] of [
    ['example mail', FOLDER],
    ['template', TEMPLATE],
  ] as const) {
    describe(`the ${what} in Python`, () => {
      it('passes its own tests', () => {
        const { status, stderr } = spawnSync('python3', ['-B', '-m', 'unittest'], {
          cwd: fileURLToPath(folder),
          encoding: 'utf8',
        });
        expect(stderr).to.match(/^Ran [1-9]\d* tests? in /m);
        expect(status, stderr).to.equal(0);
      });
    });
  }
}

describe('the example mail in Python', () => {
  it('is built as the template is', async () => {
    const [own, template] = await Promise.all(
      [FOLDER, TEMPLATE].map((folder) => readFile(new URL('requirements.txt', folder), 'utf8')),
    );
    expect(own).to.equal(template);
  });
});
