import type { Event, RecordedEvent } from "../core/event.ts";

/**
 * Where a machine puts what happened. The threaded writer, the synchronous writer, the comparison
 * of a replay and the null sink all are one. All calls are synchronous; a call may block, and may
 * throw to stop the machine (JournalWriteError, or the end of a replay): let it pass.
 */
export interface EventSink {
  /**
   * Takes the next event. The object is the caller's and is reused: nothing of it is kept.
   * `order` is dense from 0, `sequence` dense from 0 per hart; halves and cause are unsigned.
   */
  append(e: RecordedEvent): void;
  /** The arena's hash after event `order`, the last one appended. */
  kHash(order: number, hash: Uint32Array): void;
  /** The machine's hash at the end of round `round`, with `order` the last event appended. */
  mHash(order: number, round: number, hash: Uint32Array): void;
  /**
   * Bytes from outside, at most 64 KiB, before the Input event that carries their SHA-256 digest.
   * The same digest may come again; it is stored once.
   */
  blob(digest: Uint8Array, bytes: Uint8Array, length: number): void;
  /** The books are closed: no event follows. */
  end(): void;
}

/** Where a replayed machine gets what came from outside. */
export interface HostInputs {
  /**
   * The recorded event number `order` if it came from outside: an Input, or a Shutdown that
   * ended the boot. Null when it is another event, or the journal ends before it.
   *
   * The machine asks with its own next order. At a round boundary, an arriving input is delivered
   * when this gives one and its `time` is reached (several boundaries may share one next order);
   * an idle machine may jump to that time. When a demanded input completes, this gives it; null
   * then means that the journal was cut: `run` returns. The object is reused and stays as it is
   * until the next event is appended.
   */
  at(order: number): RecordedEvent | null;
  /**
   * Copies a blob to the start of `into`.
   *
   * @returns its length, or -1 when the journal has no such blob
   */
  blob(digest: Uint8Array, into: Uint8Array): number;
}

/** A machine to be replayed. */
export interface ReplayMachine {
  /** Runs until the books are closed or the sink throws. */
  run(): void;
}

/** Makes the machine of a replay. */
export type MachineFactory = (sink: EventSink, inputs: HostInputs) => ReplayMachine;

/** A reducer with its state, as a fold needs it. */
export interface FoldReducer {
  /** Reduces one event and drops its effects. */
  reduce(e: Event): void;
  /** Writes the arena's hash, four words. */
  kHash(out: Uint32Array): void;
}
