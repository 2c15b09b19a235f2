import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Length } from '../support/lengths.ts';
import type { Program } from './fixtures/leaver.ts';

const LEAVER = fileURLToPath(new URL('./fixtures/leaver.ts', import.meta.url));

/** What each program has seen when it is over. */
const PROGRAMS: Record<Program, string> = {
  'closes an engine that has done nothing': 'closed',
  'closes an engine after traffic': 'closed',
  'closes an engine during traffic': 'ok',
  'closes an engine by force': 'ERR_ENGINE_CLOSED',
  'closes an engine after kills': 'ERR_DEADLINE',
  'closes an engine while it loads a plugin': 'ok',
  'closes an engine with a deadline under way': 'ok',
  'closes an engine that watches a directory': 'closed',
  'closes an engine by force while a watched plugin does not come up': 'closed',
  'disposes of an engine': 'x',
  'forgets an engine that has done nothing': 'forgotten',
  'forgets an idle engine': 'forgotten',
  'forgets an idle engine after a kill': 'ERR_DEADLINE',
  'forgets an engine at work, which finishes first': 'forgotten slept',
};

/** One for each way to end, with and without a kill. */
const SHORT: ReadonlySet<string> = new Set<Program>([
  'closes an engine after traffic',
  'closes an engine by force',
  'closes an engine after kills',
  'forgets an idle engine after a kill',
  'forgets an engine at work, which finishes first',
]);

/** Defines tests by which each program ends by itself: those of one length. */
export function describePrograms(length: Length): void {
  const children = new Set<ChildProcess>();
  after(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  for (const [program, seen] of Object.entries(PROGRAMS)) {
    if (SHORT.has(program) !== (length === 'short')) continue;
    it(`a program that ${program} ends by itself`, async () => {
      const child = spawn(process.execPath, [LEAVER, program], { stdio: ['ignore', 'pipe', 'pipe'] });
      children.add(child);
      const [output, errors, [status, signal]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit'),
      ]);
      children.delete(child);
      expect([output.trim(), errors, status, signal]).to.deep.equal([seen, '', 0, null]);
    });
  }
}
