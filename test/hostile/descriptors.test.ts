import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('./descriptors/child.ts', import.meta.url));

/** What `descriptors/child.ts` found out. */
interface Outcome {
  /** What the hostile plugins were told. */
  readonly greedy: readonly string[];
  /** What an innocent one read, that was loaded then. */
  readonly read: string;
  readonly batch: { readonly succeeded: number };
  /** What is booked after the hostile plugins were unloaded, and at the end. */
  readonly booked: readonly number[];
}

describe('the descriptors of all hostile plugins together', function () {
  this.timeout(120_000);

  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('leave the process what others need: a plugin that is loaded then, and a batch of files', async () => {
    const { stdout } = await run('bash', ['-c', 'ulimit -n 300; exec "$0" "$1"', process.execPath, CHILD]);
    const { greedy, read, batch, booked }: Outcome = JSON.parse(stdout);
    expect(greedy.length).to.equal(4);
    for (const answer of greedy) expect(answer).to.match(/^\/data \nquota after \d+$/);
    // The last of them got less than the first.
    expect(Number(/\d+$/.exec(greedy.at(-1)!))).to.be.below(Number(/\d+$/.exec(greedy[0]!)));
    expect(read).to.equal('/data \nok inside');
    expect(batch.succeeded).to.equal(20);
    expect(booked).to.deep.equal([1, 0]);
  });
});
