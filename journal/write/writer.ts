import type { RecordedEvent } from "../../core/event.ts";
import {
  BLOB_LIMIT,
  DIGEST_BYTES,
  FRAME_BYTES,
  FRAME_EVENTS,
  FRAME_LIMIT,
} from "../format/format.ts";
import {
  FRAME_TIME,
  FrameKind,
  HASH_ENTRY_BYTES,
  HashKind,
  PREAMBLE_BYTES,
} from "../format/format.ts";
import type { ByteSink } from "./byte_sink.ts";
import { encodeClosing, putHash, type StateHash } from "../format/closing.ts";
import { isIncompressible } from "../format/incompressible.ts";
import { EventsEncoder } from "../format/events_encoder.ts";
import { FrameWriter } from "./frame_writer.ts";
import { encodeHeader, type JournalHeader } from "../format/header.ts";
import type { EventSink } from "../machine_port.ts";
import { hexOf, SeekIndex } from "../format/seek_index.ts";

/**
 * Writes a journal on the calling thread. The threaded writer runs one of these in its worker, so
 * both write the same bytes. What is written depends on the calls alone, never on their timing.
 */
export class JournalWriter implements EventSink {
  /** Events taken so far. */
  events = 0;
  private readonly frames: FrameWriter;
  private readonly encoder: EventsEncoder;
  private readonly index = new SeekIndex();
  private readonly known = new Set<string>();
  private readonly eventsOfHart: number[] = [];
  private hashes: StateHash[] = [];
  private lastK: StateHash | undefined;
  private lastM: StateHash | undefined;
  private blobBytes = 0;
  /** Payload, glance and blob bytes since the last cut. */
  private heldBytes = 0;
  private firstTime = 0;
  /** Where what belongs to the open frame begins in the file, and the chain there. */
  private point = PREAMBLE_BYTES;
  private pointChain = new Uint32Array(4);

  /**
   * Starts a journal.
   *
   * @throws {JournalWriteError} from here and every other method when the sink fails
   */
  constructor(sink: ByteSink, header: JournalHeader) {
    this.frames = new FrameWriter(sink);
    this.encoder = new EventsEncoder(header.timeUnit);
    this.encoder.begin();
    const bytes = encodeHeader(header);
    this.frames.preamble();
    this.frames.body.clear();
    this.frames.body.put(bytes, bytes.length);
    this.frame(FrameKind.Header, 0, true);
    this.markPoint();
  }

  append(e: RecordedEvent): void {
    if (e.order !== this.events) {
      throw new Error(`event ${e.order} where ${this.events} was due`);
    }
    const held = this.encoder.count;
    if (held === 0) this.firstTime = e.time;
    else if (
      held === FRAME_EVENTS || this.heldBytes >= FRAME_BYTES ||
      e.time - this.firstTime >= FRAME_TIME
    ) {
      this.cut();
      this.firstTime = e.time;
    }
    this.encoder.add(e);
    this.heldBytes += e.payloadLength + e.glanceLength;
    const counts = this.eventsOfHart;
    while (counts.length <= e.hart) counts.push(0);
    counts[e.hart]++;
    this.events++;
  }

  kHash(order: number, hash: Uint32Array): void {
    this.lastK = { kind: HashKind.K, order, round: 0, hash: hash.slice(0, 4) };
    this.hash(this.lastK);
  }

  mHash(order: number, round: number, hash: Uint32Array): void {
    this.lastM = { kind: HashKind.M, order, round, hash: hash.slice(0, 4) };
    this.hash(this.lastM);
  }

  private hash(h: StateHash): void {
    if (h.order !== this.events - 1) {
      throw new Error(`a hash after event ${h.order} while the last is ${this.events - 1}`);
    }
    this.hashes.push(h);
  }

  blob(digest: Uint8Array, bytes: Uint8Array, length: number): void {
    if (length > BLOB_LIMIT) throw new Error(`a blob of ${length} bytes`);
    const key = hexOf(digest);
    if (this.known.has(key)) return;
    this.known.add(key);
    this.index.blobs.push({ offset: this.frames.offset, digest: key });
    const body = this.frames.body;
    body.clear();
    body.put(digest, DIGEST_BYTES);
    body.put(bytes, length);
    // Written at once: it must stand before the event that needs it, in any prefix of the file.
    this.frame(FrameKind.Blob, 0, !isIncompressible(bytes, length));
    this.blobBytes += length;
    this.heldBytes += length;
  }

  end(): void {
    this.cut();
    encodeClosing({
      events: this.events,
      eventsOfHart: this.eventsOfHart,
      blobs: this.known.size,
      blobBytes: this.blobBytes,
      lastK: this.lastK,
      lastM: this.lastM,
    }, this.frames.body);
    this.frame(FrameKind.Closed, 0, false);
    this.index.encode(this.frames.body);
    // A journal too large for one Index frame goes without: a reader can rebuild it.
    if (this.frames.body.length <= FRAME_LIMIT) this.frame(FrameKind.Index, 0, false);
    this.frames.close();
  }

  /** Writes what there is, and closes the file of a boot whose books are not closed. */
  stop(): void {
    this.cut();
    this.frames.close();
  }

  private cut(): void {
    const count = this.encoder.count;
    if (count === 0) return;
    const first = this.events - count;
    const body = this.frames.body;
    if (this.hashes.length > 0) {
      body.clear();
      body.ensure(this.hashes.length * HASH_ENTRY_BYTES);
      for (const h of this.hashes) putHash(body, h);
      this.hashes = [];
      this.frame(FrameKind.Hashes, 0, false);
    }
    this.encoder.finish(body);
    this.frame(FrameKind.Events, count, true);
    this.index.points.push({
      offset: this.point,
      firstOrder: first,
      time: this.firstTime,
      chain: this.pointChain.slice(),
    });
    this.markPoint();
    this.encoder.begin();
    this.heldBytes = 0;
  }

  private markPoint(): void {
    this.point = this.frames.offset;
    this.pointChain.set(this.frames.chain.value);
  }

  private frame(kind: number, count: number, compress: boolean): void {
    const firstOrder = this.events - this.encoder.count;
    this.frames.write(kind, count, firstOrder, compress);
  }
}
