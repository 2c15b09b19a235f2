import { descriptors } from '../../descriptors.ts';
import { fsError } from './errno.ts';

/** What one instance may take from the file system of the host. */
export interface FileQuotas {
  /** Files, directories and directory streams open at a time, if the process has as many for it. @default 64 */
  readonly maxOpen: number;
  /** Bytes written during one call, holes included. @default 64 MiB */
  readonly maxWrittenBytes: number;
  /** Files, directories and links made during one call. @default 1000 */
  readonly maxCreated: number;
}

const DEFAULTS: FileQuotas = { maxOpen: 64, maxWrittenBytes: 64 * 1024 * 1024, maxCreated: 1000 };

/** The books for {@link FileQuotas}. Each function throws the error `quota` when the guest has had its share. */
export class Quotas {
  readonly #limits: FileQuotas;
  #open = 0;
  #written = 0;
  #created = 0;

  constructor(limits: Partial<FileQuotas> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
  }

  /** A new call begins. What is open stays open. */
  restart(): void {
    this.#written = 0;
    this.#created = 0;
  }

  open(): void {
    if (this.#open >= this.#limits.maxOpen || !descriptors.take(this.#open)) throw fsError('quota');
    this.#open++;
  }

  close(): void {
    this.#open--;
    descriptors.give();
  }

  write(bytes: number): void {
    if (this.#written + bytes > this.#limits.maxWrittenBytes) throw fsError('quota');
    this.#written += bytes;
  }

  create(): void {
    if (this.#created >= this.#limits.maxCreated) throw fsError('quota');
    this.#created++;
  }
}
