import { expect } from 'chai';
import { invalidArgument, knownKeys } from '../../src/arguments/arguments.ts';
import { CapabilityManager } from '../../src/host/policy/capabilities.ts';
import { resolvePolicy } from '../../src/host/policy/policy.ts';
import { resolveConfig } from '../../src/registry/config.ts';
import { rejection, thrown } from '../support/outcome.ts';

/** What would end a line, act on a terminal, or turn the direction of the text around. */
const FORGED = 'a\n[error] forged\u001b[2J\u2028\u202e\u0085';
const PLAIN = /^[^\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]*$/u;

describe('argument errors', () => {
  const messages: readonly (readonly [what: string, message: () => Promise<string> | string])[] = [
    ['the name of an option', () => thrown(() => knownKeys('options', { [FORGED]: 1 }, ['known'])).message],
    ['a key of the configuration', () => thrown(() => resolveConfig({ [FORGED]: 1 })).message],
    ['a field of a policy', () => thrown(() => resolvePolicy({ [FORGED]: 1 } as object)).message],
    ['a value', () => invalidArgument('option', 'a number', FORGED).message],
    ['the keys of a value', () => invalidArgument('option', 'a number', { [FORGED]: { deep: true } }).message],
    ['the type of a value', () => invalidArgument('option', 'a number', { [Symbol.toStringTag]: FORGED }).message],
    [
      'a capability',
      async () => (await rejection(new CapabilityManager(async () => {}).grant('a', FORGED as 'env'))).message,
    ],
    [
      'the name of a plugin',
      async () => (await rejection(new CapabilityManager(async () => {}).revoke(FORGED, 'env'))).message,
    ],
  ];
  for (const [what, message] of messages) {
    it(`repeat ${what} on one line`, async () => {
      const text = await message();
      expect(text).to.match(PLAIN);
      expect(text.length).to.be.above(20);
    });
  }

  it('have one grammar', () => {
    const { code, message } = invalidArgument('concurrency', 'a whole number from 1 to 100', 0);
    expect([code, message]).to.deep.equal([
      'ERR_INVALID_ARGUMENT',
      'Expected `concurrency` to be a whole number from 1 to 100, got `0` (number)',
    ]);
  });
});
