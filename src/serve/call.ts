import { CONTRACT_PACKAGE } from '../contract/worlds.ts';
import type { PluginEngine } from '../engine.ts';
import { readAsking } from './asking.ts';
import { jsonOf, readBody, textOf, typeOf } from './body.ts';
import type { Exchange } from './exchange.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { refusal } from './problem.ts';
import { inTrace } from './trace-parent.ts';

/** `POST /plugins/NAME/call/PATH`: a function that a plugin exports, with arguments and result in JSON. */
export async function call(
  engine: PluginEngine,
  exchange: Exchange,
  [name, address]: readonly string[],
  handling: ResolvedHandlerOptions,
): Promise<void> {
  const path = functionPath(address!);
  const { process, refused, options } = readAsking(exchange, handling);
  if (options.length > 0) throw refusal(400, 'A call has no options.', 'What the function takes stands in the body.');
  const type = typeOf(exchange);
  if (type !== 'application/json' && type !== '') {
    throw refusal(415, 'The body is no JSON.', 'Send application/json: an array, or an object by the names.');
  }
  const { maxBodyBytes, bodyTimeoutMs } = handling;
  const body = textOf(await readBody(exchange, { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs }));
  // What is no array and no object is refused by the engine.
  const args = (body === '' ? [] : jsonOf(body)) as readonly unknown[];
  const result = await inTrace(exchange.request.headers.traceparent, () =>
    engine.call(name!, path, args, { ...process, values: 'json' }),
  );
  exchange.sendJson(refused === '422' && isErr(result) ? 422 : 200, result);
}

/**
 * The path of a function as an address has it: `acme:app/pricing@1/quote`, or with a `#` that is encoded.
 *
 * @throws {Problem} 403 for the contract's own: whoever could initialize a plugin anew would decide for all others.
 */
function functionPath(address: string): string {
  const at = address.includes('#') ? -1 : address.lastIndexOf('/');
  const path = at < 0 ? address : `${address.slice(0, at)}#${address.slice(at + 1)}`;
  if (isOfContract(path)) throw refusal(403, "The contract's functions are the engine's to call.", 'Ask the plugin.');
  return path;
}

/** Whether a function is one of the contract's, which the engine calls. */
export function isOfContract(path: string): boolean {
  return path.startsWith(`${CONTRACT_PACKAGE}/`);
}

function isErr(result: unknown): boolean {
  return typeof result === 'object' && result !== null && (result as { readonly tag?: unknown }).tag === 'err';
}
