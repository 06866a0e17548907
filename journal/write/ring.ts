import type { RecordedEvent } from "../../core/event.ts";
import { BLOB_LIMIT, DIGEST_BYTES } from "../format/format.ts";

/** Kinds of record in a ring. */
export const RecordKind = { Pad: 0, Event: 1, KHash: 2, MHash: 3, Blob: 4 } as const;

/** Words of a ring before its records: head and tail on cache lines of their own. */
const RING_HEADER_WORDS = 64;
const HEAD = 0;
const TAIL = 32;
/** Words of an event record before its registers, glance and payload. */
const EVENT_WORDS = 11;
const TWO32 = 0x1_0000_0000;

/** The least bytes of a ring: two of the largest records and padding fit. */
export const RING_MINIMUM = 1 << 18;
/** Bytes of all rings together, where each gets at least the least default. */
const RINGS_TOTAL = 1 << 23;
const LEAST_DEFAULT = 1 << 20;

/**
 * Default bytes of each ring of a machine. One hart at full speed fills 1 MiB in a few milliseconds,
 * less than a busy host may take to wake the writer; many harts share the load.
 */
export function defaultRingBytes(harts: number): number {
  return Math.max(LEAST_DEFAULT, 2 ** Math.floor(Math.log2(RINGS_TOTAL / harts)));
}

/** Makes the shared memory of a ring of 2^n bytes. */
export function makeRing(bytes: number): SharedArrayBuffer {
  if (bytes < RING_MINIMUM || (bytes & (bytes - 1)) !== 0) {
    throw new RangeError(`a ring of ${bytes} bytes: a power of two from ${RING_MINIMUM} on is due`);
  }
  return new SharedArrayBuffer(4 * RING_HEADER_WORDS + bytes);
}

/**
 * The producer's end of a ring: one thread appends records, another takes them. A record's number
 * is its place among the records of all rings, so that their merge is the order of recording.
 *
 * Positions count words from the start and wrap at 2^32; a record never wraps: a pad fills the rest.
 */
export class RingWriter {
  private readonly control: Int32Array;
  private readonly words: Int32Array;
  private readonly size: number;
  private head: number;
  private published: number;
  private tail: number;
  private payload: Uint8Array | undefined;
  private payloadWords: Int32Array = new Int32Array(0);

  /** @param full called when a record does not fit: publishes all rings and waits for the taker */
  constructor(ring: SharedArrayBuffer, private readonly full: (ring: RingWriter) => void) {
    this.control = new Int32Array(ring, 0, RING_HEADER_WORDS);
    this.words = new Int32Array(ring, 4 * RING_HEADER_WORDS);
    this.size = this.words.length;
    this.head = this.published = Atomics.load(this.control, HEAD);
    this.tail = Atomics.load(this.control, TAIL);
  }

  /** Appends an event as record `number`. Not seen by the taker before `publish`. */
  append(e: RecordedEvent, number: number): void {
    const registers = 2 * e.registerCount;
    const glance = (e.glanceLength + 3) >>> 2;
    const length = EVENT_WORDS + registers + glance + ((e.payloadLength + 3) >>> 2);
    let at = this.room(length);
    const w = this.words;
    w[at] = RecordKind.Event | (length << 8);
    w[at + 1] = number;
    w[at + 2] = e.kind | (e.access << 8) | (e.registerCount << 16) | (e.glanceLength << 24);
    const time = e.time;
    w[at + 3] = time | 0;
    w[at + 4] = time / TWO32;
    w[at + 5] = e.pcLo;
    w[at + 6] = e.pcHi;
    w[at + 7] = e.cause;
    w[at + 8] = e.valueLo;
    w[at + 9] = e.valueHi;
    w[at + 10] = e.payloadLength;
    at += EVENT_WORDS;
    const r = e.registers;
    for (let i = 0; i < registers; i++) w[at + i] = r[i];
    at += registers;
    if (glance > 0) {
      const g = e.glance;
      for (let i = 0; i < glance; i++) {
        const k = 4 * i;
        w[at + i] = g[k] | (g[k + 1] << 8) | (g[k + 2] << 16) | (g[k + 3] << 24);
      }
      at += glance;
    }
    if (e.payloadLength > 0) this.putBytes(at, e.payload, e.payloadLength);
    this.head = (this.head + length) | 0;
  }

  /** Appends a state hash after event `order`. */
  hash(kind: number, order: number, round: number, hash: Uint32Array, number: number): void {
    const at = this.room(10);
    const w = this.words;
    w[at] = kind | (10 << 8);
    w[at + 1] = number;
    w[at + 2] = order | 0;
    w[at + 3] = order / TWO32;
    w[at + 4] = round | 0;
    w[at + 5] = round / TWO32;
    for (let i = 0; i < 4; i++) w[at + 6 + i] = hash[i];
    this.head = (this.head + 10) | 0;
  }

  /** Appends a blob of at most BLOB_LIMIT bytes. */
  blob(digest: Uint8Array, bytes: Uint8Array, count: number, number: number): void {
    if (count > BLOB_LIMIT) throw new RangeError(`a blob of ${count} bytes`);
    const digestWords = DIGEST_BYTES >> 2;
    const length = 3 + digestWords + ((count + 3) >>> 2);
    const at = this.room(length);
    const w = this.words;
    w[at] = RecordKind.Blob | (length << 8);
    w[at + 1] = number;
    w[at + 2] = count;
    this.putBytes(at + 3, digest, DIGEST_BYTES);
    this.putBytes(at + 3 + digestWords, bytes, count);
    this.head = (this.head + length) | 0;
  }

  /** Lets the taker see all records so far; returns how many words it has not taken. */
  publish(): number {
    if (this.published !== this.head) {
      this.published = this.head;
      Atomics.store(this.control, HEAD, this.head);
    }
    return (this.head - this.tail) | 0;
  }

  /** Looks at how far the taker is; returns words still in the ring. */
  refresh(): number {
    this.tail = Atomics.load(this.control, TAIL);
    return (this.head - this.tail) | 0;
  }

  /** Finds room for a record in one piece; returns its index in `words`. */
  private room(length: number): number {
    const at = this.head & (this.size - 1);
    if (at + length <= this.size) {
      if (this.size - (this.head - this.tail | 0) < length) this.wait(length);
      return at;
    }
    const pad = this.size - at;
    if (this.size - (this.head - this.tail | 0) < pad + length) this.wait(pad + length);
    this.words[at] = RecordKind.Pad | (pad << 8);
    this.head = (this.head + pad) | 0;
    return 0;
  }

  private wait(length: number): void {
    if (this.size - this.refresh() >= length) return;
    // Half a ring at once: going on at the first free word would mean to wait again soon.
    const need = Math.max(length, this.size >> 1);
    while (this.size - this.refresh() < need) this.full(this);
  }

  private putBytes(at: number, bytes: Uint8Array, count: number): void {
    const w = this.words;
    const length = (count + 3) >>> 2;
    if ((bytes.byteOffset & 3) === 0 && bytes.buffer.byteLength >= bytes.byteOffset + 4 * length) {
      const from = this.wordsOf(bytes);
      for (let i = 0; i < length; i++) w[at + i] = from[i];
      return;
    }
    for (let i = 0; i < length; i++) {
      const k = 4 * i;
      w[at + i] = bytes[k] | (bytes[k + 1] << 8) | (bytes[k + 2] << 16) | (bytes[k + 3] << 24);
    }
  }

  /** The same bytes as words; the last view is kept, since events come in one object. */
  private wordsOf(bytes: Uint8Array): Int32Array {
    if (this.payload !== bytes) {
      // Not `>>> 2` of the difference: a machine's memory may have 2^32 bytes.
      const there = Math.floor((bytes.buffer.byteLength - bytes.byteOffset) / 4);
      const length = Math.min((bytes.length + 3) >>> 2, there);
      this.payloadWords = new Int32Array(bytes.buffer, bytes.byteOffset, length);
      this.payload = bytes;
    }
    return this.payloadWords;
  }
}

/** The taker's end of a ring. */
export class RingReader {
  private readonly control: Int32Array;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly mask: number;
  private tail: number;
  private head: number;
  private sequence = 0;

  constructor(ring: SharedArrayBuffer, private readonly hart: number) {
    this.control = new Int32Array(ring, 0, RING_HEADER_WORDS);
    this.words = new Int32Array(ring, 4 * RING_HEADER_WORDS);
    this.bytes = new Uint8Array(ring, 4 * RING_HEADER_WORDS);
    this.mask = this.words.length - 1;
    this.tail = Atomics.load(this.control, TAIL);
    this.head = Atomics.load(this.control, HEAD);
  }

  /** Looks at what was published. */
  refresh(): void {
    this.head = Atomics.load(this.control, HEAD);
  }

  /** True when the ring's next record has this number (compared modulo 2^32). */
  holds(number: number): boolean {
    if (this.tail === this.head) return false;
    let at = this.tail & this.mask;
    if ((this.words[at] & 255) === RecordKind.Pad) {
      this.tail = (this.tail + (this.words[at] >>> 8)) | 0;
      if (this.tail === this.head) return false;
      at = this.tail & this.mask;
    }
    return this.words[at + 1] === (number | 0);
  }

  /** Kind of the next record; only after `holds`. */
  kind(): number {
    return this.words[this.tail & this.mask] & 255;
  }

  /** Takes the next record, an event. `order` is not in the ring: the merge knows it. */
  takeEvent(e: RecordedEvent, order: number): void {
    const w = this.words;
    let at = this.tail & this.mask;
    const length = w[at] >>> 8;
    const packed = w[at + 2];
    e.order = order;
    e.hart = this.hart;
    e.sequence = this.sequence++;
    e.kind = packed & 255;
    e.access = (packed >>> 8) & 255;
    e.registerCount = (packed >>> 16) & 255;
    e.glanceLength = packed >>> 24;
    e.time = w[at + 4] * TWO32 + (w[at + 3] >>> 0);
    e.pcLo = w[at + 5] >>> 0;
    e.pcHi = w[at + 6] >>> 0;
    e.cause = w[at + 7] >>> 0;
    e.valueLo = w[at + 8] >>> 0;
    e.valueHi = w[at + 9] >>> 0;
    e.payloadLength = w[at + 10];
    at += EVENT_WORDS;
    const registers = 2 * e.registerCount;
    for (let i = 0; i < registers; i++) e.registers[i] = w[at + i];
    at += registers;
    this.copy(4 * at, e.glance, e.glanceLength);
    at += (e.glanceLength + 3) >>> 2;
    this.copy(4 * at, e.payload, e.payloadLength);
    this.tail = (this.tail + length) | 0;
  }

  /** Takes the next record, a state hash. `into` gets order lo, hi, round lo, hi and the hash. */
  takeHash(into: Uint32Array): void {
    const at = this.tail & this.mask;
    for (let i = 0; i < 8; i++) into[i] = this.words[at + 2 + i];
    this.tail = (this.tail + (this.words[at] >>> 8)) | 0;
  }

  /** Takes the next record, a blob; returns its length. */
  takeBlob(digest: Uint8Array, into: Uint8Array): number {
    const at = this.tail & this.mask;
    const count = this.words[at + 2];
    this.copy(4 * (at + 3), digest, DIGEST_BYTES);
    this.copy(4 * (at + 3) + DIGEST_BYTES, into, count);
    this.tail = (this.tail + (this.words[at] >>> 8)) | 0;
    return count;
  }

  /** Gives the room of all taken records back to the producer. */
  release(): void {
    Atomics.store(this.control, TAIL, this.tail);
  }

  private copy(from: number, into: Uint8Array, count: number): void {
    if (count > 48) into.set(this.bytes.subarray(from, from + count));
    else for (let i = 0; i < count; i++) into[i] = this.bytes[from + i];
  }
}
