/**
 * How long each of many equal operations takes, measured outside the machine: between it and its
 * journal stands a sink that looks at the host's clock at every so many events of one system call.
 * The guest and the machine are as they are without it, but for a call and a comparison an event.
 */
import { EventKind, type RecordedEvent } from "../../core/event.ts";
import type { EventSink } from "../../journal/machine_port.ts";

/** Operations of a batch: a single one takes no longer than the clock's own grain. */
export const BATCH = 64;
/** Batches kept; a run that has more forgets the later ones. */
const MOST = 1 << 16;

/** When batches of one system call ended. */
export class Stamps {
  private readonly at = new Float64Array(MOST);
  private count = 0;
  private calls = 0;

  /** @param call number of the system call, of which one operation makes one */
  constructor(private readonly call: number) {}

  /** Takes note of an event that has just been appended. */
  see(e: RecordedEvent): void {
    if (e.cause !== this.call || e.kind !== EventKind.Syscall) return;
    if (++this.calls % BATCH !== 0 || this.count === MOST) return;
    this.at[this.count++] = performance.now();
  }

  /** Microseconds for each operation, of every batch but the first, in order. */
  batches(): number[] {
    const times: number[] = [];
    for (let i = 1; i < this.count; i++) times.push((this.at[i] - this.at[i - 1]) / BATCH * 1000);
    return times;
  }
}

/** Hands everything on, and shows the events to the stamps. */
export class StampingSink implements EventSink {
  constructor(private readonly sink: EventSink, private readonly stamps: Stamps) {}

  append(e: RecordedEvent): void {
    this.sink.append(e);
    this.stamps.see(e);
  }

  kHash(order: number, hash: Uint32Array): void {
    this.sink.kHash(order, hash);
  }

  mHash(order: number, round: number, hash: Uint32Array): void {
    this.sink.mHash(order, round, hash);
  }

  blob(digest: Uint8Array, bytes: Uint8Array, length: number): void {
    this.sink.blob(digest, bytes, length);
  }

  end(): void {
    this.sink.end();
  }
}
