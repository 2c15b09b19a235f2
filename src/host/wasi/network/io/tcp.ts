import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from 'node:timers';
import { canonical } from '../../../policy/ip-address.ts';
import { toSocketError } from '../../sockets/error-code.ts';
import { toFault } from '../fault.ts';
import type { ChannelMessage, Endpoint, TcpConnectMessage } from '../protocol.ts';
import { dial } from './dial.ts';
import { type Inflow, inflow } from './flow.ts';
import type { Post, Task } from './task.ts';

/** Milliseconds that a connection which the guest has dropped may take to send what was written. */
const LINGER_MS = 1000;
/** Dropped connections that may linger at the same time; those beyond are cut off. */
const MAX_LINGERING = 16;
let lingering = 0;

/** A TCP connection of `wasi:sockets`. */
export class TcpConnection implements Task {
  readonly #post: Post;
  readonly #abort = new AbortController();
  #keepAlive: boolean;
  #socket: Socket | undefined;
  #inflow: Inflow | undefined;

  constructor(message: TcpConnectMessage, post: Post) {
    this.#keepAlive = message.keepAlive;
    this.#post = post;
    this.#connect(message).catch((error: unknown) => this.#fail(error));
  }

  handle(message: ChannelMessage): void {
    if (message.kind === 'keep-alive') this.#keepAlive = message.enabled;
    const socket = this.#socket;
    if (socket === undefined) return;
    if (message.kind === 'keep-alive') socket.setKeepAlive(message.enabled);
    else if (message.kind === 'data') {
      const { length } = message.bytes;
      socket.write(message.bytes, () => this.#post({ kind: 'sent', amount: length }));
    } else if (message.kind === 'finish') socket.end();
    else if (message.kind === 'taken') this.#inflow?.taken(message.amount);
  }

  close(how: 'gently' | 'at once'): void {
    this.#abort.abort();
    const socket = this.#socket;
    if (socket === undefined) return;
    if (how === 'at once' || socket.writableLength === 0 || lingering >= MAX_LINGERING) {
      socket.destroy();
      return;
    }
    lingering++;
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => {
      lingering--;
      clearTimeout(timer);
    });
    socket.destroySoon();
  }

  async #connect({ address, port, timeoutMs }: TcpConnectMessage): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(), timeoutMs);
    const destination = { addresses: [address], port, tls: undefined };
    const socket = await dial(destination, this.#abort.signal).finally(() => clearTimeout(timer));
    this.#socket = socket;
    socket.setKeepAlive(this.#keepAlive);
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#post({ kind: 'end', trailers: [] }));
    this.#post({ kind: 'opened', opened: endpoints(socket) });
    this.#inflow = inflow(socket, this.#post);
  }

  #fail(error: unknown): void {
    this.#post({ kind: 'failed', error: toSocketError(toFault(error)) });
  }
}

function endpoints(socket: Socket): { local: Endpoint; remote: Endpoint } {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket;
  return {
    local: { address: canonical(localAddress) ?? '0.0.0.0', port: localPort },
    remote: { address: canonical(remoteAddress) ?? '0.0.0.0', port: remotePort },
  };
}
