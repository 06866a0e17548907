/** Takes a journal's bytes. */
export interface ByteSink {
  /** What error messages call it: a path. */
  readonly name: string;
  /** Writes all of `bytes`, which the caller reuses. @throws {Error} when it cannot */
  write(bytes: Uint8Array): void;
  /** No byte follows. @throws {Error} when what was written may not be there */
  close(): void;
}

/** The journal could not be written; the message is one line for the user. */
export class JournalWriteError extends Error {
  override readonly name = "JournalWriteError";
}

/** The one line for a sink's failure. */
export function writeFailure(name: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  // The host appends its error number and the call; the name is said already.
  const plain = why.replaceAll("\n", " ").replace(/ \(os error \d+\).*$/, "");
  return `cannot write the journal ${name}: ${plain}`;
}

/** Keeps the bytes in memory. */
export class MemorySink implements ByteSink {
  readonly name = "in memory";
  length = 0;
  private buffer = new Uint8Array(1 << 16);

  write(bytes: Uint8Array): void {
    const need = this.length + bytes.length;
    if (need > this.buffer.length) {
      const larger = new Uint8Array(Math.max(need, 2 * this.buffer.length));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.length);
    this.length = need;
  }

  close(): void {}

  /** A view of what was written. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}
