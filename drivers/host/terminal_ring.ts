/**
 * Bytes typed at the terminal, on their way from the worker that waits for them to the machine
 * thread: a ring in shared memory with one writer and one reader.
 */

/** Bytes the ring holds; a power of two. What is typed beyond that waits in the host's terminal. */
export const TERMINAL_RING_BYTES = 4096;

const HEAD = 0;
const TAIL = 1;
const ENDED = 2;
/** Counts puts and the end; what a waiter waits on, so that neither can slip past it. */
const SIGNAL = 3;
const CELLS = 4;

/** Size of the shared memory a ring needs. */
export const TERMINAL_RING_MEMORY = CELLS * 4 + TERMINAL_RING_BYTES;

/** Either end of the ring. */
export class TerminalRing {
  private readonly cells: Int32Array<SharedArrayBuffer>;
  private readonly bytes: Uint8Array<SharedArrayBuffer>;

  /** @param memory zeroed, {@link TERMINAL_RING_MEMORY} bytes */
  constructor(readonly memory: SharedArrayBuffer) {
    this.cells = new Int32Array(memory, 0, CELLS);
    this.bytes = new Uint8Array(memory, CELLS * 4, TERMINAL_RING_BYTES);
  }

  /** Bytes that can be put in now without waiting. The writer's side. */
  room(): number {
    const used = Atomics.load(this.cells, HEAD) - Atomics.load(this.cells, TAIL);
    // The counters wrap at 32 bits; their distance does not.
    return TERMINAL_RING_BYTES - (used | 0);
  }

  /** Puts bytes in, waiting while there is no room. The writer's side. */
  put(source: Uint8Array, length: number): void {
    for (let i = 0; i < length;) {
      const tail = Atomics.load(this.cells, TAIL);
      if (this.room() === 0) {
        this.signal();
        Atomics.wait(this.cells, TAIL, tail);
        continue;
      }
      const head = Atomics.load(this.cells, HEAD);
      this.bytes[head & (TERMINAL_RING_BYTES - 1)] = source[i++];
      Atomics.store(this.cells, HEAD, (head + 1) | 0);
    }
    this.signal();
  }

  /** No byte follows. The writer's side. */
  end(): void {
    Atomics.store(this.cells, ENDED, 1);
    this.signal();
  }

  /**
   * Takes what is there, without waiting. The reader's side.
   *
   * @returns bytes stored at the start of `into`; 0 for none now; -1 when none will ever follow
   */
  take(into: Uint8Array): number {
    // Asked first: what was put before the end is then sure to be seen below.
    const ended = Atomics.load(this.cells, ENDED);
    const tail = Atomics.load(this.cells, TAIL);
    const available = (Atomics.load(this.cells, HEAD) - tail) | 0;
    if (available === 0) return ended !== 0 ? -1 : 0;
    const count = Math.min(available, into.length);
    for (let i = 0; i < count; i++) into[i] = this.bytes[(tail + i) & (TERMINAL_RING_BYTES - 1)];
    Atomics.store(this.cells, TAIL, (tail + count) | 0);
    Atomics.notify(this.cells, TAIL);
    return count;
  }

  /** Waits until a byte is there, the end comes, or for so many milliseconds. The reader's side. */
  wait(ms: number): void {
    const signal = Atomics.load(this.cells, SIGNAL);
    if (Atomics.load(this.cells, HEAD) !== Atomics.load(this.cells, TAIL)) return;
    Atomics.wait(this.cells, SIGNAL, signal, ms);
  }

  private signal(): void {
    Atomics.add(this.cells, SIGNAL, 1);
    Atomics.notify(this.cells, SIGNAL);
  }
}
