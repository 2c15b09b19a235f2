import type { HttpRequest } from '../http/outgoing-request.ts';
import type { HttpResponse } from '../http/outgoing-response.ts';
import type { HttpRequestOptions } from '../http/request-options.ts';
import { type Body, dropBody } from './http-body.ts';

/** A request without its body. */
export interface RequestHead {
  readonly request: HttpRequest;
  readonly options: HttpRequestOptions | undefined;
}

/** What a message is made of, once its guest has given it away. */
interface Taken<Head> {
  readonly head: Head;
  readonly body: Body;
}

/** A request or a response as a guest holds it. */
export interface Message<Head> extends Disposable {
  /** Gives away what it is made of, and is of no more use. */
  take(): Taken<Head>;
}

/** Lets go of a message but for its body. */
export function dropHead(head: RequestHead | HttpResponse): void {
  if (!('request' in head)) {
    head[Symbol.dispose]();
    return;
  }
  head.request[Symbol.dispose]();
  head.options?.[Symbol.dispose]();
}

/** What requests and responses have in common: they are held until they are given away or dropped. */
export abstract class HeldMessage<Head extends RequestHead | HttpResponse> implements Message<Head> {
  protected readonly head: Head;
  readonly #body: Body;
  #state: 'held' | 'gone' = 'held';

  constructor(head: Head, body: Body) {
    this.head = head;
    this.#body = body;
  }

  take(): Taken<Head> {
    this.#state = 'gone';
    return { head: this.head, body: this.#body };
  }

  [Symbol.dispose](): void {
    if (this.#state === 'gone') return;
    const { head, body } = this.take();
    dropHead(head);
    dropBody(body);
  }
}
