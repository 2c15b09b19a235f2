import { PluginError } from '../errors.ts';

/** A call returned that had used more than its fuel. */
export class OutOfFuel extends Error {
  override readonly name: string = 'OutOfFuel';
}

/** What the caller is told of it, or of the check that found it. */
export function instructionLimit(value: number, name: 'maxInstructions' | 'inlineInstructions'): PluginError {
  const hint =
    name === 'maxInstructions'
      ? 'Raise `maxInstructions` in the policy, or give the plugin smaller inputs.'
      : "Raise `inlineInstructions`, give it smaller inputs, or have workers take over: `overBudget: 'worker'`.";
  return new PluginError('ERR_INSTRUCTION_LIMIT', `The plugin ran more than ${value} instructions in one call`, {
    hint,
    limit: { name, value },
  });
}
