import { RecordedEvent } from "../../core/event.ts";
import { BLOB_LIMIT, DIGEST_BYTES } from "../format/format.ts";
import { RecordKind, RingReader } from "./ring.ts";
import type { JournalWriter } from "./writer.ts";
import { EndKind, WriterState, type WriterStatus } from "./writer_status.ts";

/** Records after which room is given back although there is more to take. */
const RELEASE = 1024;
/** The writer looks for new records at least this often, ms, and this seldom when idle. */
const SHORT_SLEEP = 2;
const LONG_SLEEP = 64;
const TWO32 = 0x1_0000_0000;

/** Takes records from all rings in the order of recording and writes them as a journal. */
export class Drain {
  private readonly rings: RingReader[];
  private readonly event = new RecordedEvent();
  private readonly hash = new Uint32Array(8);
  private readonly digest = new Uint8Array(DIGEST_BYTES);
  private readonly bytes = new Uint8Array(BLOB_LIMIT);
  private records = 0;
  private events = 0;
  private current = 0;

  constructor(
    rings: readonly SharedArrayBuffer[],
    private readonly status: WriterStatus,
    private readonly writer: JournalWriter,
  ) {
    this.rings = rings.map((r, hart) => new RingReader(r, hart));
  }

  /** Runs until the producer ended the journal and everything is written. */
  run(): void {
    let nap = SHORT_SLEEP;
    for (;;) {
      // Read before the rings: what was published before the end is then seen.
      const ending = this.status.ending();
      if (this.drain()) {
        nap = SHORT_SLEEP;
        continue;
      }
      if (ending !== EndKind.None) {
        if (this.status.last() !== (this.records | 0)) throw new Error("a ring lost a record");
        if (ending === EndKind.Closed) this.writer.end();
        else this.writer.stop();
        return;
      }
      this.status.sleep(nap);
      nap = Math.min(2 * nap, LONG_SLEEP);
    }
  }

  /** Takes what is there; false when that was nothing. */
  drain(): boolean {
    const before = this.records;
    for (const ring of this.rings) ring.refresh();
    let held = 0;
    while (this.find()) {
      this.take(this.rings[this.current]);
      if (++held === RELEASE) {
        held = 0;
        this.release();
      }
    }
    this.release();
    return this.records !== before;
  }

  /** Finds the ring whose next record is the next of all; mostly it is the same again. */
  private find(): boolean {
    const rings = this.rings;
    if (rings[this.current].holds(this.records)) return true;
    for (let i = 0; i < rings.length; i++) {
      if (rings[i].holds(this.records)) {
        this.current = i;
        return true;
      }
    }
    return false;
  }

  private take(ring: RingReader): void {
    this.records++;
    switch (ring.kind()) {
      case RecordKind.Event:
        ring.takeEvent(this.event, this.events++);
        this.writer.append(this.event);
        break;
      case RecordKind.KHash:
        ring.takeHash(this.hash);
        this.writer.kHash(whole(this.hash, 0), this.hash.subarray(4));
        break;
      case RecordKind.MHash:
        ring.takeHash(this.hash);
        this.writer.mHash(whole(this.hash, 0), whole(this.hash, 2), this.hash.subarray(4));
        break;
      case RecordKind.Blob: {
        const length = ring.takeBlob(this.digest, this.bytes);
        this.writer.blob(this.digest, this.bytes, length);
        break;
      }
      default:
        throw new Error("a ring holds a record of unknown kind");
    }
  }

  private release(): void {
    for (const ring of this.rings) ring.release();
    this.status.progress();
  }
}

function whole(words: Uint32Array, at: number): number {
  return words[at + 1] * TWO32 + words[at];
}

/** Runs a drain to its end and reports how it ended through the status; never throws. */
export function drainToEnd(
  rings: readonly SharedArrayBuffer[],
  status: WriterStatus,
  open: () => JournalWriter,
): void {
  try {
    const drain = new Drain(rings, status, open());
    status.enter(WriterState.Running);
    drain.run();
    status.enter(WriterState.Finished);
  } catch (error) {
    const line = error instanceof Error ? error.message : String(error);
    status.fail(line.replaceAll("\n", " "));
  }
}
