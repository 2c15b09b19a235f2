import { Failure } from './failure.ts';
import { readText } from './options.ts';

/**
 * Reads names and tokens: one of each on a line, with space between them. Lines that begin with `#` are left out.
 *
 * @throws {Failure} with status 2.
 */
export async function readTokens(path: string): Promise<Record<string, string>> {
  const text = await readText(path);
  const tokens = new Map<string, string>();
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [name, token, ...more] = line.trim().split(/\s+/);
    if (token === undefined || more.length > 0) {
      throw new Failure(2, `Line ${at + 1} of \`${path}\` is not a name and a token.`);
    }
    if (tokens.has(name!)) throw new Failure(2, `Line ${at + 1} of \`${path}\` has a name that was there before.`);
    tokens.set(name!, token);
  }
  if (tokens.size === 0) throw new Failure(2, `There are no tokens in \`${path}\`: put a name and a token on a line.`);
  return Object.fromEntries(tokens);
}
