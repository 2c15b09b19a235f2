import { knownKeys } from '../arguments/arguments.ts';
import type { PluginResponse, RequestOptions } from '../contract/values.ts';
import type { PluginEngine } from '../engine.ts';
import { type ProcessRequest, resolveRequestOptions } from '../request/request.ts';
import { type Asking, readAsking } from './asking.ts';
import { jsonOf, readBody, textOf, typeOf } from './body.ts';
import type { Exchange } from './exchange.ts';
import type { ResolvedHandlerOptions } from './options.ts';
import { refusal } from './problem.ts';
import { inTrace } from './trace-parent.ts';

const TEXT = new Set(['', 'text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded']);

/** `POST /plugins/NAME`: one request. */
export async function processOne(
  engine: PluginEngine,
  exchange: Exchange,
  name: string,
  options: ResolvedHandlerOptions,
): Promise<void> {
  const { maxBodyBytes, bodyTimeoutMs } = options;
  const asking = readAsking(exchange, options);
  const type = typeOf(exchange);
  if (type !== 'application/json' && !TEXT.has(type)) {
    throw refusal(
      415,
      'The body is of a type that is not known.',
      'Send text/plain, application/json or application/x-ndjson.',
    );
  }
  const body = textOf(await readBody(exchange, { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs }));
  const request = requestOf(body, type, asking.options);
  const response = await inTrace(exchange.request.headers.traceparent, () =>
    engine.process(name, request, asking.process),
  );
  answer(exchange, response, wantsJson(exchange, type) ? 'json' : 'text', asking.refused);
}

function requestOf(body: string, type: string, options: Asking['options']): ProcessRequest {
  if (type !== 'application/json') return options.length === 0 ? { input: body } : { input: body, options };
  const { input, options: own } = knownKeys('body', jsonOf(body), ['input', 'options']);
  if (typeof input !== 'string') throw refusal(400, '`input` is not a string.', 'Send `{"input": "…"}`.');
  const pairs = resolveRequestOptions(own as RequestOptions | undefined);
  return { input, options: options.length === 0 ? pairs : [...pairs, ...options] };
}

function wantsJson({ request }: Exchange, type: string): boolean {
  const { accept } = request.headers;
  if (accept === undefined || accept === '*/*') return type === 'application/json';
  if (accept.includes('application/json')) return true;
  return !accept.includes('text/plain') && type === 'application/json';
}

/** A text has no place for `success: false`, so that it is a 422 in any case. */
function answer(
  exchange: Exchange,
  { output, success, errorMessage }: PluginResponse,
  form: 'json' | 'text',
  refused: Asking['refused'],
): void {
  if (!success && (form === 'text' || refused === '422')) {
    throw refusal(422, 'The plugin refused the request.', errorMessage);
  }
  if (form === 'text') exchange.send(200, 'text/plain; charset=utf-8', output);
  else exchange.sendJson(200, { output, success, ...(errorMessage !== undefined && { errorMessage }) });
}
