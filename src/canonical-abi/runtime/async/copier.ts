import { trap } from '../trap.ts';
import type { Buffer } from './buffer.ts';

/** `CopyResult` of the specification. */
export const COPY = { completed: 0, dropped: 1, cancelled: 2 } as const;
export type CopyResult = (typeof COPY)[keyof typeof COPY];

/** One side of a copy, as the stream or future that it goes through knows it. */
export interface Copier {
  readonly buffer: Buffer;
  /** The component instance that copies, to tell it from others; undefined for the host. */
  readonly instance: object | undefined;
  /** Hears that elements were copied, while there is room for more; `reclaim` takes the buffer back. */
  onCopy(reclaim: () => void): void;
  onDone(result: CopyResult): void;
}

/** A temporary rule of the specification. */
export function assertMayCopy(plain: boolean, one: Copier, other: Copier): void {
  if (plain || one.instance === undefined || one.instance !== other.instance) return;
  throw trap('cannot copy between the ends of a stream or future within one component');
}
