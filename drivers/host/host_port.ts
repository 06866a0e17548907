/**
 * The machine's only view of the outside. Nothing here knows Deno; a browser page or a test gives
 * its own. All calls are synchronous. Block and chunk sizes are in core/limits.ts.
 */

/** Results of {@link HostPort.writeStream}. */
export const StreamWrite = {
  Done: 0,
  /** Nobody reads the stream any more. */
  Closed: 1,
  /** The host could not take the bytes: a full disk, an I/O error. */
  Failed: 2,
} as const;

/** Bytes of a SHA-256 digest. */
export const DIGEST_BYTES = 32;

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface HostPort {
  /**
   * Writes all of `bytes[from … from + length)` to stream 1 or 2, waiting while the host does not
   * take them. The bytes may lie in shared memory.
   *
   * @returns a StreamWrite
   */
  writeStream(stream: number, bytes: Uint8Array, from: number, length: number): number;
  /**
   * Demanded input: waits for the next STREAM_BLOCK_BYTES bytes of stream 0, fewer only at its
   * end, and stores them from `at` on.
   *
   * @returns bytes stored, 0 at the end (and for streams that cannot be read)
   */
  readStreamBlock(stream: number, into: Uint8Array, at: number): number;
  /**
   * Demanded input: reads chunk number `chunk` (FILE_CHUNK_BYTES bytes, fewer only at the end) of
   * a file that a tree or program was given, and stores it from `at` on.
   *
   * @returns bytes stored, or -1 when the host can no longer deliver what the tree promised
   */
  readFileChunk(file: number, chunk: number, into: Uint8Array, at: number): number;
  /** Stores the SHA-256 digest of bytes; they may lie in shared memory. */
  digest(bytes: Uint8Array, from: number, length: number, into: Uint8Array): void;
  /**
   * Arriving input: bytes typed since the last call, without waiting.
   *
   * @returns bytes stored at the start of `into`, 0 for none, -1 once the terminal has hung up
   */
  pollTerminal(into: Uint8Array): number;
  /** Whether stream 0, 1 or 2 is a terminal. */
  isTerminal(stream: number): boolean;
  /** Size of the terminal now; 80 × 24 when there is none to ask. */
  terminalSize(): TerminalSize;
  /** Milliseconds since 1970, with fractions. For pacing and limits; never goes into an event. */
  now(): number;
  /** Waits until `now()` reaches a time, or a byte is typed. */
  waitUntil(ms: number): void;
  /** Fills with entropy of the host. */
  randomBytes(into: Uint8Array): void;
}
