import type { RecordedEvent } from "../../core/event.ts";
import { ByteCursor, DamageError } from "../format/byte_cursor.ts";
import type { ByteSource } from "./byte_source.ts";
import { type Closing, decodeClosing, type StateHash, takeHash } from "../format/closing.ts";
import { EventsDecoder } from "../format/events_decoder.ts";
import {
  BLOB_LIMIT,
  DIGEST_BYTES,
  FORMAT_VERSION,
  FrameKind,
  HEAD_BYTES,
  MAGIC,
} from "../format/format.ts";
import { PREAMBLE_BYTES, readU32, SKIPPABLE_KIND } from "../format/format.ts";
import { FrameReader, FrameStatus } from "./frame_reader.ts";
import { HashChain } from "../format/hash_chain.ts";
import { decodeHeader, type JournalHeader } from "../format/header.ts";
import {
  hexOf,
  INDEX_MAGIC,
  INDEX_TRAILER_BYTES,
  SeekIndex,
  type SeekPoint,
} from "../format/seek_index.ts";

/**
 * How far a reader has come.
 *
 * - `reading`: there may be more.
 * - `waiting`: following a file that may still grow; `next` may be called again.
 * - `closed`: all was read, and the boot was closed.
 * - `cut`: the file ends without the closing, or within a frame.
 * - `damaged`: what follows the last good event is not what was written.
 * - `not-a-journal`, `other-version`: nothing was read.
 */
export type ReaderState =
  | "reading"
  | "waiting"
  | "closed"
  | "cut"
  | "damaged"
  | "not-a-journal"
  | "other-version";

/** Choices of a reader. */
export interface ReaderOptions {
  /** The end of the file is not the end: wait for more. */
  readonly follow?: boolean;
  /** Collect a seek index on the way (it grows with the journal). */
  readonly collectIndex?: boolean;
}

const NONE: readonly StateHash[] = [];

/**
 * Reads a journal event by event, in memory that does not grow with it (but for a few words per
 * blob). Every event it gives is exactly as recorded: CRC, chain and structure hold up to its frame.
 */
export class JournalReader {
  state: ReaderState = "reading";
  /** Why the state is what it is, in words; empty while reading and when closed. */
  reason = "";
  /** Order of the last event given, -1 before the first. */
  lastOrder = -1;
  /** The header; undefined when the file is too short or no journal. */
  header: JournalHeader | undefined;
  /** What the Closed frame says, once it was read. */
  closing: Closing | undefined;
  /** The state hashes taken after the last event given, in order of recording. */
  hashes: readonly StateHash[] = NONE;
  /** The index collected so far, with `collectIndex`. */
  readonly index: SeekIndex = new SeekIndex();
  private readonly frames: FrameReader;
  private readonly decoder = new EventsDecoder();
  private readonly chain = new HashChain();
  private readonly blobs = new Map<string, number>();
  private pending: StateHash[] = [];
  private offset = 0;
  /** Events in the Events frames before `offset`. */
  private events = 0;
  private point = PREAMBLE_BYTES;
  private pointChain = new Uint32Array(4);
  private blobFrames: FrameReader | undefined;
  private newPoint = false;
  /** Just behind the header. */
  private start: SeekPoint | undefined;

  constructor(private readonly source: ByteSource, private readonly options: ReaderOptions = {}) {
    this.frames = new FrameReader(source);
    this.open();
  }

  /**
   * Decodes the next event into `e`.
   *
   * @returns false when there is none; `state` says why
   */
  next(e: RecordedEvent): boolean {
    this.hashes = NONE;
    if (this.decoder.left === 0 && !this.load()) return false;
    try {
      this.decoder.next(e);
    } catch (error) {
      return this.caught(error);
    }
    this.lastOrder = e.order;
    if (this.newPoint) this.collect(e);
    if (this.pending.length > 0 && this.pending[0].order === e.order) this.takeHashes(e.order);
    return true;
  }

  /**
   * Copies a blob that stands before the last event given, or is in the index, to the start of
   * `into`.
   *
   * @returns its length, or -1 when there is none or it is damaged
   */
  blob(digest: Uint8Array, into: Uint8Array): number {
    const offset = this.blobs.get(hexOf(digest));
    if (offset === undefined) return -1;
    const frames = this.blobFrames ??= new FrameReader(this.source);
    if (frames.read(offset) !== FrameStatus.Ok || frames.kind !== FrameKind.Blob) return -1;
    for (let i = 0; i < DIGEST_BYTES; i++) if (frames.raw[i] !== digest[i]) return -1;
    if (frames.rawLength < DIGEST_BYTES || frames.rawLength - DIGEST_BYTES > into.length) return -1;
    into.set(frames.raw.subarray(DIGEST_BYTES, frames.rawLength));
    return frames.rawLength - DIGEST_BYTES;
  }

  /**
   * Goes to an event through a seek index: `next` then gives event `order`. An index is only a
   * hint: where it does not lead to the event, the journal is read from its start.
   *
   * @param scratch is overwritten
   * @returns false when the journal does not reach that far; `state` says why
   */
  seek(order: number, index: SeekIndex, scratch: RecordedEvent): boolean {
    const point = index.find(order) ?? this.start;
    if (point === undefined || this.start === undefined) return false;
    for (const b of index.blobs) this.blobs.set(b.digest, b.offset);
    if (this.goTo(point, order, scratch)) return true;
    // No blob of an index that lies is where it says.
    this.blobs.clear();
    return this.goTo(this.start, order, scratch);
  }

  /** Reads on from a place; true when the frame of event `order` is there and holds. */
  private goTo(point: SeekPoint, order: number, scratch: RecordedEvent): boolean {
    this.offset = this.point = point.offset;
    this.chain.set(point.chain);
    this.pointChain.set(point.chain);
    this.events = point.firstOrder;
    this.lastOrder = point.firstOrder - 1;
    this.pending = [];
    this.decoder.left = 0;
    this.closing = undefined;
    this.state = "reading";
    this.reason = "";
    while (this.lastOrder < order - 1) if (!this.next(scratch)) return false;
    // The frame of the event itself must be seen to hold, too, before the index is believed.
    return this.decoder.left > 0 || this.load();
  }

  /** One line on where reading ended: "closed after event 41", "damaged after event 7: …". */
  describe(): string {
    const where = this.lastOrder < 0 ? "before the first event" : `after event ${this.lastOrder}`;
    return this.reason === "" ? `${this.state} ${where}` : `${this.state} ${where}: ${this.reason}`;
  }

  private open(): void {
    const preamble = new Uint8Array(PREAMBLE_BYTES);
    const got = this.source.read(0, preamble);
    for (let i = 0; i < MAGIC.length; i++) {
      if (i < got && preamble[i] !== MAGIC[i]) {
        return this.end("not-a-journal", "it does not begin as one");
      }
    }
    if (got < PREAMBLE_BYTES) {
      if (this.options.follow === true) this.state = "waiting";
      else if (got === 0) this.end("not-a-journal", "it is empty");
      else this.end("cut", "the file ends within its first bytes");
      return;
    }
    const version = readU32(preamble, 8);
    if (version !== FORMAT_VERSION) {
      return this.end("other-version", `format ${version}; this program reads ${FORMAT_VERSION}`);
    }
    if (readU32(preamble, 12) !== 0) return this.end("damaged", "bytes 12 to 15 are not zero");
    this.state = "reading";
    this.offset = PREAMBLE_BYTES;
    this.readHeader();
  }

  private readHeader(): void {
    if (!this.frame()) return;
    const { kind, raw, rawLength } = this.frames;
    this.header = kind === FrameKind.Header ? decodeHeader(raw.subarray(0, rawLength)) : undefined;
    if (this.header === undefined) this.end("damaged", "the first frame is no header");
    this.markPoint();
    const chain = this.pointChain.slice();
    this.start = { offset: this.offset, firstOrder: 0, time: 0, chain };
  }

  /** Reads frames until there are events to decode. */
  private load(): boolean {
    if (this.state === "waiting") this.state = "reading";
    if (this.state === "reading" && this.offset === 0) this.open();
    else if (this.state === "reading" && this.header === undefined) this.readHeader();
    try {
      while (this.state === "reading" && this.frame()) {
        if (this.take()) return true;
      }
    } catch (error) {
      return this.caught(error);
    }
    return false;
  }

  /** Reads and verifies the frame at `offset`. */
  private frame(): boolean {
    const frames = this.frames;
    const status = frames.read(this.offset);
    if (status === FrameStatus.Damaged) return this.fail(frames.reason);
    if (status !== FrameStatus.Ok) return this.endOfFile(status === FrameStatus.Partial);
    if (frames.firstOrder !== this.events) return this.fail("a frame out of order");
    const { kind, count, firstOrder, words, rawLength } = frames;
    this.chain.add(kind, count, firstOrder, words, rawLength);
    for (let i = 0; i < 4; i++) {
      if (this.chain.value[i] !== frames.chain[i]) return this.fail("the hash chain is broken");
    }
    this.offset += frames.frameBytes;
    return true;
  }

  /** Takes the frame just read in; true when it has events. */
  private take(): boolean {
    const { kind, raw, rawLength, count, firstOrder } = this.frames;
    if (this.closing !== undefined && kind < SKIPPABLE_KIND) {
      return this.fail("a frame behind the closing");
    }
    switch (kind) {
      case FrameKind.Events:
        if (this.pending.length > 0 && this.pending[0].order < firstOrder) {
          return this.fail("a hash out of order");
        }
        this.decoder.begin(raw, rawLength, count, firstOrder);
        this.events += count;
        this.newPoint = true;
        return true;
      case FrameKind.Blob:
        this.enterBlob();
        return false;
      case FrameKind.Hashes: {
        const c = new ByteCursor();
        c.open(raw, 0, rawLength);
        while (!c.atEnd()) this.pending.push(takeHash(c));
        return false;
      }
      case FrameKind.Closed:
        this.closing = decodeClosing(raw, rawLength);
        if (this.closing.events !== this.events) return this.fail("the closing counts otherwise");
        return false;
      default:
        if (kind < SKIPPABLE_KIND) {
          this.end("other-version", `a frame of kind ${kind}, unknown to this program`);
        }
        return false;
    }
  }

  private enterBlob(): void {
    const { raw, rawLength, frameBytes } = this.frames;
    if (rawLength < DIGEST_BYTES) throw new DamageError("a blob without a digest");
    if (rawLength > DIGEST_BYTES + BLOB_LIMIT) throw new DamageError("a blob is too long");
    const digest = hexOf(raw);
    const offset = this.offset - frameBytes;
    this.blobs.set(digest, offset);
    if (this.options.collectIndex === true) this.index.blobs.push({ offset, digest });
  }

  private takeHashes(order: number): void {
    let n = 0;
    while (n < this.pending.length && this.pending[n].order === order) n++;
    this.hashes = this.pending.splice(0, n);
  }

  private collect(e: RecordedEvent): void {
    this.newPoint = false;
    if (this.options.collectIndex === true) {
      const { point: offset, pointChain } = this;
      this.index.points.push({
        offset,
        firstOrder: e.order,
        time: e.time,
        chain: pointChain.slice(),
      });
    }
    this.markPoint();
  }

  private markPoint(): void {
    this.point = this.offset;
    this.pointChain.set(this.chain.value);
  }

  private endOfFile(partial: boolean): boolean {
    if (this.closing !== undefined && !partial) this.end("closed", "");
    else if (this.options.follow === true) this.state = "waiting";
    else if (partial) this.end("cut", `the file ends within the frame at byte ${this.offset}`);
    else this.end("cut", "the file ends before the boot is closed");
    return false;
  }

  private caught(error: unknown): boolean {
    if (!(error instanceof DamageError)) throw error;
    return this.fail(error.message);
  }

  private fail(reason: string): boolean {
    this.end("damaged", `${reason}, at byte ${this.offset}`);
    return false;
  }

  private end(state: ReaderState, reason: string): void {
    this.state = state;
    this.reason = reason;
    this.decoder.left = 0;
  }
}

/** Reads the seek index at a journal's end; undefined when there is none that holds. */
export function readIndex(source: ByteSource): SeekIndex | undefined {
  const trailer = new Uint8Array(INDEX_TRAILER_BYTES);
  const at = source.size - INDEX_TRAILER_BYTES;
  if (at < HEAD_BYTES || source.read(at, trailer) !== INDEX_TRAILER_BYTES) return undefined;
  if (readU32(trailer, 4) !== INDEX_MAGIC) return undefined;
  const frames = new FrameReader(source);
  const offset = source.size - readU32(trailer, 0);
  if (offset < PREAMBLE_BYTES || frames.read(offset) !== FrameStatus.Ok) return undefined;
  if (frames.kind !== FrameKind.Index) return undefined;
  try {
    return SeekIndex.decode(frames.raw, frames.rawLength);
  } catch (error) {
    if (error instanceof DamageError) return undefined;
    throw error;
  }
}
