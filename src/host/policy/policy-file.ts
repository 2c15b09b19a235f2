import { type Policy, resolvePolicy } from './policy.ts';

const KIND = {
  what: 'policy',
  // A preset's name would resolve as well, and is no policy of its own.
  example: '{"maxMemoryBytes": 8388608, …}',
  hint: 'A policy is one of restricted, standard, or the path of a JSON file.',
};

/**
 * Reads a policy from a JSON file: an object with the fields of {@link Policy}. What it leaves out is as in
 * `restricted`.
 *
 * @throws {PluginError} `ERR_INVALID_ARGUMENT`, naming the file, when it cannot be read, is no JSON, or is no policy.
 *
 * @example
 * const sandbox = await readPolicyFile('policies/redact.json');
 * await engine.loadPlugin('redact', 'redact.wasm', { sandbox });
 */
export async function readPolicyFile(path: string): Promise<Policy> {
  // With the first file: `import 'wasm-plugin-pool'` brings this function along.
  const { checkedAs, readJsonObject } = await import('../../arguments/json-file.ts');
  const policy = await readJsonObject(path, KIND);
  checkedAs(path, KIND, () => resolvePolicy(policy));
  return policy;
}
