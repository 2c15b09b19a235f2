import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Outcome, Script } from './component-model/run.ts';
import { endValidator } from './component-model/validator.ts';
import { parseWast, textAt } from './component-model/wast.ts';

/*
 * Runs the tests of the component model's own repository, from a checkout of github.com/WebAssembly/component-model:
 *
 *     node scripts/component-model-tests.ts --from ../component-model [--write docs/component-model-tests.md]
 *
 * Exits with 1 when a test fails that is in scope.
 */

const { values } = parseArgs({
  options: { from: { type: 'string' }, write: { type: 'string' }, only: { type: 'string' } },
});
if (values.from === undefined) throw new Error('Pass the checkout: --from DIRECTORY');

const directory = join(values.from, 'test');
const files = globSync('**/*.wast', { cwd: directory })
  .sort()
  .filter((file) => file.includes(values.only ?? ''));
const rows: string[] = [];
const details: string[] = [];
const totals = { pass: 0, fail: 0, 'out-of-scope': 0 };

for (const file of files) {
  const counts = { pass: 0, fail: 0, 'out-of-scope': 0 };
  const reasons = new Map<string, number>();
  const script = new Script();
  for (const command of parseWast(await readFile(join(directory, file), 'utf8'))) {
    const outcome: Outcome = await script.run(command);
    counts[outcome.kind]++;
    totals[outcome.kind]++;
    if (outcome.kind === 'out-of-scope') reasons.set(outcome.why, (reasons.get(outcome.why) ?? 0) + 1);
    if (outcome.kind === 'fail') details.push(`- \`${file}:${command.line}\` ${textAt(command, 0)}: ${outcome.why}`);
  }
  const why = [...reasons].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${count} × ${reason}`);
  rows.push(
    `| ${file} | ${counts.pass} | ${counts.fail} | ${counts['out-of-scope']} | ${why.slice(0, 3).join('; ').replaceAll('|', '\\|')} |`,
  );
}

await endValidator();

const report = `# The component model's own tests

What the direct binding makes of the tests in \`test/\` of [WebAssembly/component-model](https://github.com/WebAssembly/component-model),
command by command. \`node scripts/component-model-tests.ts --from CHECKOUT --write docs/component-model-tests.md\` writes this page.

What has to be refused counts as passed when the binding refuses it, or the validator in jco, which runs before it. Out of scope
is what goes to jco's glue (maps, 64-bit memories), what is refused by name because its proposal is gated (threads, error
contexts), and what the tools at hand cannot read as text yet.

${totals.pass} passed, ${totals.fail} failed, ${totals['out-of-scope']} out of scope.

| file | passed | failed | out of scope | why |
|---|---|---|---|---|
${rows.join('\n')}
${details.length > 0 ? `\n## Failures\n\n${details.join('\n')}\n` : ''}`;

if (values.write === undefined) process.stdout.write(report);
else await writeFile(values.write, report);
process.exitCode = totals.fail > 0 ? 1 : 0;
