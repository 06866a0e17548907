/**
 * A ring of digests in shared memory, one slot an event, from the kernel that folds in a worker to
 * the thread that compares. Neither needs its event loop for it.
 */

/** Words of a slot: four that stand for the effects, four for the state (zero between intervals). */
const SLOT = 8;
const SLOTS = 1 << 14;
const MESSAGE_BYTES = 4096;
/** Nobody is that late unless it died. */
const PATIENCE_MS = 120_000;

/** Words of the control part. */
const PRODUCED = 0;
const CONSUMED = 1;
/** 1 once all was produced, 2 when it failed; the message says why. */
const ENDED = 2;
const MESSAGE_LENGTH = 3;
const CONTROL_WORDS = 4;

const BYTES = 4 * (CONTROL_WORDS + SLOT * SLOTS) + MESSAGE_BYTES;

/** One ring. Both sides make one over the same buffer. */
export class DigestRing {
  readonly buffer: SharedArrayBuffer;
  private readonly control: Int32Array;
  private readonly slots: Uint32Array;
  private readonly message: Uint8Array;
  private at = 0;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(BYTES)) {
    this.buffer = buffer;
    this.control = new Int32Array(buffer, 0, CONTROL_WORDS);
    this.slots = new Uint32Array(buffer, 4 * CONTROL_WORDS, SLOT * SLOTS);
    this.message = new Uint8Array(buffer, BYTES - MESSAGE_BYTES, MESSAGE_BYTES);
  }

  /** Adds an event's digests; waits while the ring is full. */
  put(effects: Uint32Array, state: Uint32Array): void {
    let consumed = Atomics.load(this.control, CONSUMED);
    while (this.at - consumed >= SLOTS) {
      Atomics.wait(this.control, CONSUMED, consumed, PATIENCE_MS);
      consumed = Atomics.load(this.control, CONSUMED);
    }
    const slot = (this.at % SLOTS) * SLOT;
    this.slots.set(effects, slot);
    this.slots.set(state, slot + 4);
    Atomics.store(this.control, PRODUCED, ++this.at);
    Atomics.notify(this.control, PRODUCED);
  }

  /** Says that there is no more, with a message when that is a failure. */
  end(message = ""): void {
    const bytes = new TextEncoder().encode(message).subarray(0, MESSAGE_BYTES);
    this.message.set(bytes);
    Atomics.store(this.control, MESSAGE_LENGTH, bytes.length);
    Atomics.store(this.control, ENDED, message === "" ? 1 : 2);
    // A change of the counter that is waited on, not only a notice: none can be missed.
    Atomics.or(this.control, PRODUCED, 1 << 31);
    Atomics.notify(this.control, PRODUCED);
  }

  /**
   * Takes the next event's digests.
   *
   * @returns "" or why there are none
   */
  take(effects: Uint32Array, state: Uint32Array): string {
    for (;;) {
      const raw = Atomics.load(this.control, PRODUCED);
      if ((raw & 0x7fffffff) > this.at) break;
      if (raw < 0) return this.ending();
      if (Atomics.wait(this.control, PRODUCED, raw, PATIENCE_MS) === "timed-out") {
        return "the worker does not answer";
      }
    }
    const slot = (this.at % SLOTS) * SLOT;
    effects.set(this.slots.subarray(slot, slot + 4));
    state.set(this.slots.subarray(slot + 4, slot + 8));
    Atomics.store(this.control, CONSUMED, ++this.at);
    Atomics.notify(this.control, CONSUMED);
    return "";
  }

  private ending(): string {
    if (Atomics.load(this.control, ENDED) === 1) return "the worker has fewer events";
    const length = Atomics.load(this.control, MESSAGE_LENGTH);
    // A decoder takes no shared bytes.
    return `in the worker: ${new TextDecoder().decode(this.message.slice(0, length))}`;
  }
}
