import type { RecordedEvent } from "../../core/event.ts";
import { JournalWriteError } from "./byte_sink.ts";
import type { EventSink } from "../machine_port.ts";
import { RecordKind, RingWriter } from "./ring.ts";
import { EndKind, WriterState, type WriterStatus } from "./writer_status.ts";

/** Events between two publications. */
const BATCH = 64;
/** A sleeping writer is woken when this part of a ring is in use, as a power of two. */
const WAKE_SHIFT = 3;
/** How long the writer's worker may take to start, ms. */
const START_LIMIT = 30_000;

/**
 * Records through one ring per hart, drained by a writer on another thread. Publishes every 64
 * events; a full ring, and only that, blocks. All methods but the constructor may throw
 * JournalWriteError, at the latest 64 events after the writer failed.
 */
export class RingSink implements EventSink {
  private readonly rings: RingWriter[];
  private readonly wakeWords: number;
  private records = 0;
  private unpublished = 0;
  private lastHart = 0;

  /** @param rings one per hart, made by makeRing, each empty */
  constructor(rings: readonly SharedArrayBuffer[], private readonly status: WriterStatus) {
    const full = () => this.waitForRoom();
    this.rings = rings.map((r) => new RingWriter(r, full));
    this.wakeWords = rings[0].byteLength >>> (2 + WAKE_SHIFT);
  }

  append(e: RecordedEvent): void {
    this.lastHart = e.hart;
    this.rings[e.hart].append(e, this.records++);
    if (++this.unpublished >= BATCH) this.publish();
  }

  kHash(order: number, hash: Uint32Array): void {
    this.rings[this.lastHart].hash(RecordKind.KHash, order, 0, hash, this.records++);
  }

  mHash(order: number, round: number, hash: Uint32Array): void {
    this.rings[this.lastHart].hash(RecordKind.MHash, order, round, hash, this.records++);
  }

  blob(digest: Uint8Array, bytes: Uint8Array, length: number): void {
    this.rings[this.lastHart].blob(digest, bytes, length, this.records++);
  }

  /** Lets the writer see everything so far: for when the machine is about to be idle. */
  flush(): void {
    this.publish();
    this.status.wake();
  }

  /** The books are closed. Returns at once; `finish` waits. */
  end(): void {
    this.publish();
    this.status.end(EndKind.Closed, this.records);
  }

  /**
   * Waits, without an event loop, until the writer has handed every byte to the file.
   *
   * Without `end` before it the journal stays unclosed: the boot was given up.
   */
  finish(): void {
    if (this.status.ending() === EndKind.None) {
      this.publish();
      this.status.end(EndKind.Stopped, this.records);
    }
    for (;;) {
      const state = this.status.state();
      if (state === WriterState.Finished) return;
      this.hold(state);
      if (!this.status.awaitChange(state, START_LIMIT)) this.holdStarted();
    }
  }

  private publish(): void {
    this.unpublished = 0;
    let most = 0;
    for (const ring of this.rings) {
      const held = ring.publish();
      if (held > most) most = held;
    }
    this.hold(this.status.state());
    if (most >= this.wakeWords) this.relieve();
  }

  /** The counts are by what the writer had taken when last looked at: look again before waking. */
  private relieve(): void {
    let most = 0;
    for (const ring of this.rings) {
      const held = ring.refresh();
      if (held > most) most = held;
    }
    if (most >= this.wakeWords) this.status.wake();
  }

  private waitForRoom(): void {
    // The mark comes first: progress made after this line ends the wait at once.
    const mark = this.status.mark();
    // The next record in order may be an unpublished one of another ring.
    for (const ring of this.rings) ring.publish();
    this.hold(this.status.state());
    this.status.wake();
    this.status.awaitProgress(mark, 100);
    if (this.status.state() === WriterState.Starting && ++this.startWaits > START_LIMIT / 100) {
      this.holdStarted();
    }
  }

  private startWaits = 0;

  private hold(state: number): void {
    if (state === WriterState.Failed) throw new JournalWriteError(this.status.message());
  }

  private holdStarted(): void {
    if (this.status.state() === WriterState.Starting) {
      throw new JournalWriteError("cannot write the journal: its writer thread did not start");
    }
  }
}
