import type { FsErrorCode } from './filesystem/errno.ts';
import type { WasiHost } from './host.ts';
import { Resource } from './resource.ts';

/** `wasi:io/error.error`: why the last operation on a stream failed. */
export class IoError extends Resource {
  /** For `filesystem-error-code`; undefined for streams that are no files. */
  readonly fsCode: FsErrorCode | undefined;
  readonly #message: string;

  /** @param message Must tell nothing about the host: the guest reads it. */
  constructor(host: WasiHost, message: string, fsCode?: FsErrorCode) {
    super(host);
    this.#message = message;
    this.fsCode = fsCode;
  }

  toDebugString(): string {
    this.host.hostCall();
    return this.#message;
  }
}
