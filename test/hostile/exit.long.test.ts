import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Bomb } from './exit/child.ts';

const CHILD = fileURLToPath(new URL('./exit/child.ts', import.meta.url));

/** How loading each goes. One whose start function loops is compiled, and ended by its limit. */
const LOADED: Record<Bomb, string> = {
  'memory for each branch, refused': 'ERR_COMPONENT_TOO_COMPLEX',
  'memory for each branch, let through': 'ok',
  'time for each branch, refused': 'ERR_COMPONENT_TOO_COMPLEX',
  'time for each branch, let through': 'ok',
  'memory when it gets hot, refused': 'ERR_COMPONENT_TOO_COMPLEX',
  'memory when it gets hot, let through': 'ERR_INITIALIZE_FAILED',
};

describe('a process that closes its engine ends by itself, where a plugin cost the compilers', function () {
  this.timeout(240_000);
  const children = new Set<ChildProcess>();
  after(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  for (const [bomb, loaded] of Object.entries(LOADED)) {
    it(bomb, async () => {
      const child = spawn(process.execPath, [CHILD, bomb], { stdio: ['ignore', 'pipe', 'pipe'] });
      children.add(child);
      const end = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      const [output, errors, [status, signal]] = await end;
      children.delete(child);
      expect([output, errors, status, signal]).to.deep.equal([loaded, '', 0, null]);
    });
  }
});
