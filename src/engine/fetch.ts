import { Buffer } from 'node:buffer';
import { invalidArgument } from '../arguments/arguments.ts';
import { Conversation } from '../conversation/conversation.ts';
import type { HeaderLine, RequestOrder } from '../conversation/messages.ts';
import { byteSource } from '../conversation/source.ts';
import { describe, PluginError } from '../errors.ts';
import type { Converse } from '../request/function-call.ts';
import type { ProcessOptions } from '../request/process-options.ts';
import { checkProcessOptions } from '../request/request.ts';
import { GivenUp } from './given-up.ts';
import { ResponseBody } from './response-body.ts';

/** Bytes of the address and the headers of a request. */
const MAX_HEAD_BYTES = 64 * 1024;
/** Responses that have no body, whatever is written (Fetch, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/** Has a plugin answer a request. Resolves with the head of the answer: its body comes as it is read. */
export async function fetchFrom(
  converse: Converse,
  input: Request | string | URL,
  options: ProcessOptions,
): Promise<Response> {
  checkProcessOptions(options);
  const request = requestOf(input);
  const order = orderOf(request);
  const givenUp = new GivenUp(request.signal, options.signal);
  const body = new ResponseBody((reason) => givenUp.because('whoever reads the body', reason));
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const conversation = new Conversation({
    input: request.body === null ? undefined : byteSource(request.body),
    sinks: { output: body, errors: NOWHERE },
    onHead(status, headers) {
      // The request itself: who has its signal hears of no abort once nobody has the request any more.
      const hasBody = request.method !== 'HEAD' && !WITHOUT_BODY.has(status);
      if (!hasBody) body.discard();
      try {
        resolve(responseOf(status, headers, hasBody ? body.stream : null));
      } catch (error) {
        reject(noResponse(`answered with what is no head of a response: ${describe(error)}`));
        givenUp.because('the head of its response', error);
      }
    },
    onDeclined: (code) => reject(noResponse(`answered the request with the error ${code}`)),
    onFailure: (error, what) =>
      givenUp.because(what === 'input' ? 'the body of the request' : 'what takes its response', error),
  });
  const call = {
    kind: 'conversation',
    order,
    conversation,
    input: `${request.method} ${request.url} ${request.body === null ? '' : conversation.number}`,
    byteLength: bytesOf(order),
  } as const;
  converse(call, { ...options, signal: givenUp.signal }).then(
    () => {
      void conversation.end();
      // The first one counts: there may be a response, and its body may be complete.
      reject(noResponse('ended without a response to the request'));
      if (!conversation.isFinished('output'))
        body.fail(noResponse('ended before the body of its response was complete'));
    },
    (error: unknown) => {
      void conversation.end();
      const failure = givenUp.explain(error);
      reject(failure);
      if (!conversation.isFinished('output')) body.fail(failure);
    },
  );
  return promise;
}

/** @throws {PluginError} `ERR_INVALID_ARGUMENT`. */
function requestOf(input: Request | string | URL): Request {
  if (!(input instanceof Request)) {
    if (!URL.canParse(String(input))) throw invalidArgument('request', 'a `Request` or an address', input);
    return new Request(input);
  }
  if (!input.bodyUsed && input.body?.locked !== true) return input;
  // Not the request: an error is no place for its headers.
  throw invalidArgument('request.body', 'a stream that nobody else reads or has read', input.body);
}

const NOWHERE = { write() {} } as const;

function orderOf({ url, method, headers }: Request): RequestOrder {
  const { protocol, host, pathname, search } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') throw invalidArgument('request', 'an address of HTTP', url);
  const order: RequestOrder = {
    kind: 'request',
    method,
    scheme: protocol === 'https:' ? 'https' : 'http',
    authority: host,
    pathWithQuery: `${pathname}${search}`,
    headers: [...headers].map(([key, value]): HeaderLine => [key, new Uint8Array(Buffer.from(value, 'latin1'))]),
  };
  const bytes = bytesOf(order);
  if (bytes <= MAX_HEAD_BYTES) return order;
  throw new PluginError(
    'ERR_INVALID_ARGUMENT',
    `The address and the headers of the request have ${bytes} bytes; there may be ${MAX_HEAD_BYTES}`,
    { hint: 'Send what is long as the body.', limit: { name: 'bytes of a request head', value: MAX_HEAD_BYTES } },
  );
}

function bytesOf({ authority, pathWithQuery, headers }: RequestOrder): number {
  return headers.reduce(
    (sum, [key, value]) => sum + key.length + value.length,
    authority.length + pathWithQuery.length,
  );
}

/** @throws {RangeError} for a status that no response can have. */
function responseOf(status: number, lines: readonly HeaderLine[], body: ReadableStream<Uint8Array> | null): Response {
  const headers = new Headers();
  for (const [key, value] of lines) headers.append(key, Buffer.from(value).toString('latin1'));
  return new Response(body, { status, headers });
}

function noResponse(what: string): PluginError {
  return new PluginError('ERR_INVALID_RESPONSE', `The plugin ${what}`, {
    hint: 'A handler calls `response-outparam.set`, and finishes the body, before it returns.',
  });
}
