import type { WasiHost } from '../host.ts';
import { Resource } from '../resource.ts';

/** Durations in nanoseconds. */
export interface Timeouts {
  readonly connect?: bigint | undefined;
  readonly firstByte?: bigint | undefined;
  readonly betweenBytes?: bigint | undefined;
}

/** `wasi:http/types.request-options` */
export class HttpRequestOptions extends Resource {
  #connect: bigint | undefined;
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;

  constructor(host: WasiHost) {
    host.hostCall();
    super(host);
  }

  /** What the guest has set. */
  static timeoutsOf(options: HttpRequestOptions): Timeouts {
    return { connect: options.#connect, firstByte: options.#firstByte, betweenBytes: options.#betweenBytes };
  }

  connectTimeout(): bigint | undefined {
    this.host.hostCall();
    return this.#connect;
  }

  setConnectTimeout(duration: bigint | undefined): void {
    this.host.hostCall();
    this.#connect = duration;
  }

  firstByteTimeout(): bigint | undefined {
    this.host.hostCall();
    return this.#firstByte;
  }

  setFirstByteTimeout(duration: bigint | undefined): void {
    this.host.hostCall();
    this.#firstByte = duration;
  }

  betweenBytesTimeout(): bigint | undefined {
    this.host.hostCall();
    return this.#betweenBytes;
  }

  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.host.hostCall();
    this.#betweenBytes = duration;
  }
}
