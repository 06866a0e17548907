/** States of a threaded writer. */
export const WriterState = { Starting: 0, Running: 1, Finished: 2, Failed: 3 } as const;

/** How the producer says that no record follows. */
export const EndKind = { None: 0, Closed: 1, Stopped: 2 } as const;

const STATE = 0;
const END = 1;
/** 1 while the writer sleeps and wants to be woken. */
const ASLEEP = 2;
/** Counts the writer's rounds: a producer without room waits for a change. */
const PROGRESS = 3;
/** 1 while the producer waits for a change of PROGRESS or STATE. */
const WAITING = 4;
const LAST = 5;
const MESSAGE_LENGTH = 6;
const MESSAGE_AT = 64;
const MESSAGE_LIMIT = 1024;

/** The cell both sides of a threaded writer share. Neither side needs an event loop for it. */
export class WriterStatus {
  readonly buffer: SharedArrayBuffer;
  private readonly cell: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(MESSAGE_AT + MESSAGE_LIMIT)) {
    this.buffer = buffer;
    this.cell = new Int32Array(buffer);
  }

  /** A WriterState. */
  state(): number {
    return Atomics.load(this.cell, STATE);
  }

  /** Writer: enters a state and wakes the producer. */
  enter(state: number): void {
    Atomics.store(this.cell, STATE, state);
    this.progress();
    Atomics.notify(this.cell, STATE);
  }

  /** Writer: fails with one line for the user. */
  fail(message: string): void {
    const bytes = new TextEncoder().encode(message).subarray(0, MESSAGE_LIMIT);
    new Uint8Array(this.buffer, MESSAGE_AT).set(bytes);
    Atomics.store(this.cell, MESSAGE_LENGTH, bytes.length);
    this.enter(WriterState.Failed);
  }

  /** The line of the failure. */
  message(): string {
    const length = Atomics.load(this.cell, MESSAGE_LENGTH);
    return new TextDecoder().decode(new Uint8Array(this.buffer, MESSAGE_AT, length).slice());
  }

  /** Writer: says that it took something. */
  progress(): void {
    Atomics.add(this.cell, PROGRESS, 1);
    if (Atomics.load(this.cell, WAITING) !== 0) Atomics.notify(this.cell, PROGRESS);
  }

  /** Producer: a mark to pass to `awaitProgress`. */
  mark(): number {
    return Atomics.load(this.cell, PROGRESS);
  }

  /** Producer: waits until there was progress since the mark, or the time is over. */
  awaitProgress(mark: number, milliseconds: number): void {
    Atomics.store(this.cell, WAITING, 1);
    Atomics.wait(this.cell, PROGRESS, mark, milliseconds);
    Atomics.store(this.cell, WAITING, 0);
  }

  /** Producer: waits while the state is `state`; false when the time is over. */
  awaitChange(state: number, milliseconds: number): boolean {
    return Atomics.wait(this.cell, STATE, state, milliseconds) !== "timed-out";
  }

  /** Writer: sleeps until woken, ended or the time is over. */
  sleep(milliseconds: number): void {
    Atomics.store(this.cell, ASLEEP, 1);
    // An end that came just before was not heard.
    if (Atomics.load(this.cell, END) === EndKind.None) {
      Atomics.wait(this.cell, ASLEEP, 1, milliseconds);
    }
    Atomics.store(this.cell, ASLEEP, 0);
  }

  /** Producer: wakes the writer if it sleeps. */
  wake(): void {
    if (Atomics.load(this.cell, ASLEEP) === 0) return;
    Atomics.store(this.cell, ASLEEP, 0);
    Atomics.notify(this.cell, ASLEEP);
  }

  /** Producer: says that `last` records is all there is, and how the journal ends. */
  end(kind: number, last: number): void {
    Atomics.store(this.cell, LAST, last);
    Atomics.store(this.cell, END, kind);
    this.wake();
  }

  /** Writer: an EndKind; once it is not None, `last` is final. */
  ending(): number {
    return Atomics.load(this.cell, END);
  }

  /** Number of records in all, modulo 2^32. */
  last(): number {
    return Atomics.load(this.cell, LAST);
  }
}
