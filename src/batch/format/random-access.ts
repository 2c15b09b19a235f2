/** Bytes that can be read at any place. */
export interface RandomAccess {
  readonly size: number;
  /** @param end Exclusive. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}
