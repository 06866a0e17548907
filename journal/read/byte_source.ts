/** Random access to a journal's bytes. */
export interface ByteSource {
  /** Bytes there are now; it may grow while a run is still writing. */
  readonly size: number;
  /**
   * Fills `into` from `offset` on.
   *
   * @returns bytes read; fewer than asked only at the end
   */
  read(offset: number, into: Uint8Array): number;
}

/** Bytes in memory. */
export class MemorySource implements ByteSource {
  constructor(private readonly bytes: Uint8Array) {}

  get size(): number {
    return this.bytes.length;
  }

  read(offset: number, into: Uint8Array): number {
    const part = this.bytes.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }
}
