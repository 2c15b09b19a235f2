import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import type { Command } from 'commander';
import fc from 'fast-check';
import type { NumberRange } from '../../src/arguments/arguments.ts';
import { createProgram } from '../../src/cli/program.ts';
import { PluginError } from '../../src/errors.ts';
import { FAILURE_POLICY_NUMBERS, resolveFailurePolicy } from '../../src/health/failure-policy.ts';
import { POLICY_NUMBERS, resolvePolicy } from '../../src/host/policy/policy.ts';
import { expectSchema, schemaOf } from '../support/schemas.ts';

function accepted(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof PluginError && error.code === 'ERR_INVALID_ARGUMENT') return false;
    throw error;
  }
}

/** Numbers within a range, at its ends, and beyond. */
const around = ({ min, max }: { min: number; max: number }) =>
  fc.oneof(fc.integer(), fc.constantFrom(min - 1, min, min + 0.5, max, max + 1), fc.constantFrom('1', null, true));

describe('The JSON Schemas', () => {
  it('has one for each command that prints JSON', async () => {
    const commands = (command: Command, path: string): string[] => [
      ...(command.options.some(({ long }) => long === '--json') ? [path] : []),
      ...command.commands.flatMap((below) => commands(below, `${path}-${below.name()}`)),
    ];
    const program = await createProgram();
    const printing = program.commands.flatMap((command) => commands(command, command.name()));
    // They print how a batch ended.
    const own = printing.filter((name) => name !== 'submit');
    const files = (await readdir(new URL('../../schemas', import.meta.url))).map((file) => file.replace(/\.json$/, ''));
    expect(files.sort()).to.deep.equal([...own, 'policy', 'plugin-options'].sort());
  });

  it('accepts a policy where the engine does', async () => {
    const validate = await schemaOf('policy');
    const numbers = Object.fromEntries(
      Object.entries<NumberRange>(POLICY_NUMBERS).map(([name, range]) => [name, around(range)]),
    );
    const policies = fc.record(
      {
        ...numbers,
        allowClocks: fc.constantFrom<unknown>(true, false, 'yes'),
        instances: fc.constantFrom('warm', 'fresh', 'cold'),
        allowEnv: fc.array(fc.constantFrom<unknown>('PATH', 'A B', '', 'A=B', 1), { maxLength: 2 }),
        sha256: fc.constantFrom('0'.repeat(64), 'AF'.repeat(32), '0', 'g'.repeat(64)),
        surprise: fc.constant(1),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(policies, (policy) => {
        expect(validate(policy)).to.equal(accepted(() => resolvePolicy(policy as object)));
      }),
    );
  });

  it('refuses in the options of a plugin what the engine refuses', async () => {
    const validate = await schemaOf('plugin-options');
    for (const [name, range] of Object.entries<NumberRange>(FAILURE_POLICY_NUMBERS)) {
      for (const value of [range.min - 1, range.min, range.min + 0.5, '1']) {
        const failurePolicy = { [name]: value };
        const valid = accepted(() => resolveFailurePolicy(failurePolicy as object)) || name === 'maxBackoffMs';
        if (!valid || value === range.min) expect(validate({ failurePolicy }), `${name}: ${value}`).to.equal(valid);
      }
    }
    const good = {
      $schema: 'x',
      sandbox: { allowFsRead: ['/data'] },
      config: { mask: '*' },
      imports: { 'acme:store/kv': './kv.mjs' },
      failurePolicy: { fallback: 'b' },
    };
    await expectSchema('plugin-options', good);
    for (const bad of [
      { sandbox: 'strict' },
      { sandbox: { maxMemoryBytes: 1 } },
      { imports: { 'acme:store/kv': {} } },
      { config: 1 },
    ]) {
      expect(validate(bad), JSON.stringify(bad)).to.equal(false);
    }
  });

  it('refuse what no command prints', async () => {
    const validate = await schemaOf('run');
    expect(validate({ ok: true, output: 'x', success: true })).to.equal(true);
    expect(validate({ ok: true, output: 'x', success: true, more: 1 })).to.equal(false);
    expect(validate({ ok: false })).to.equal(false);
  });
});
