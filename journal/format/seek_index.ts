import { ByteColumn } from "./byte_column.ts";
import { ByteCursor, DamageError } from "./byte_cursor.ts";
import { DIGEST_BYTES, HEAD_BYTES, readU32, writeU32 } from "./format.ts";

/** Last four bytes of a journal with an index. */
export const INDEX_MAGIC = 0x58425944;
/** Bytes at the end of an Index frame's body: the frame's length, and the magic. */
export const INDEX_TRAILER_BYTES = 8;

/** A place to start reading at: just behind an Events frame, before all that belongs to the next. */
export interface SeekPoint {
  /** Offset in the file of the first frame to read. */
  readonly offset: number;
  /** Order of the first event found from there on. */
  readonly firstOrder: number;
  /** Its time, ns. */
  readonly time: number;
  /** The chain before that frame, four words. */
  readonly chain: Uint32Array;
}

/** Where a blob's frame is. */
export interface BlobPlace {
  readonly offset: number;
  readonly digest: string;
}

/** The seek index of a journal. */
export class SeekIndex {
  readonly points: SeekPoint[] = [];
  readonly blobs: BlobPlace[] = [];

  /** The last point at or before an event. */
  find(order: number): SeekPoint | undefined {
    let low = 0, high = this.points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.points[middle].firstOrder <= order) low = middle + 1;
      else high = middle;
    }
    return this.points[low - 1];
  }

  /** Writes the body of an Index frame, its trailer included; `out` is cleared first. */
  encode(out: ByteColumn): void {
    out.clear();
    out.varint(this.points.length);
    let offset = 0, order = 0, time = 0;
    const chain = new Uint8Array(16);
    for (const p of this.points) {
      out.whole(p.offset - offset);
      out.whole(p.firstOrder - order);
      // Clocks of different harts may run a little backwards from frame to frame.
      const forth = p.time >= time;
      out.whole(2 * Math.abs(p.time - time) + (forth ? 0 : 1));
      for (let i = 0; i < 4; i++) writeU32(chain, 4 * i, p.chain[i]);
      out.put(chain, 16);
      offset = p.offset;
      order = p.firstOrder;
      time = p.time;
    }
    out.varint(this.blobs.length);
    offset = 0;
    for (const b of this.blobs) {
      out.whole(b.offset - offset);
      out.put(bytesOf(b.digest), DIGEST_BYTES);
      offset = b.offset;
    }
    const trailer = new Uint8Array(INDEX_TRAILER_BYTES);
    writeU32(trailer, 0, HEAD_BYTES + out.length + INDEX_TRAILER_BYTES);
    writeU32(trailer, 4, INDEX_MAGIC);
    out.put(trailer, INDEX_TRAILER_BYTES);
  }

  /** Reads the body of an Index frame. @throws {DamageError} when it is none */
  static decode(raw: Uint8Array, length: number): SeekIndex {
    const index = new SeekIndex();
    const end = length - INDEX_TRAILER_BYTES;
    if (end < 0 || readU32(raw, end + 4) !== INDEX_MAGIC) throw new DamageError("not an index");
    const c = new ByteCursor();
    c.open(raw, 0, end);
    const chain = new Uint8Array(16);
    let offset = 0, firstOrder = 0, time = 0;
    for (let n = c.varint(); n > 0; n--) {
      offset += c.whole();
      firstOrder += c.whole();
      const step = c.whole();
      time += step % 2 === 0 ? step / 2 : -(step - 1) / 2;
      c.take(chain, 16);
      const words = Uint32Array.of(0, 0, 0, 0);
      for (let i = 0; i < 4; i++) words[i] = readU32(chain, 4 * i);
      index.points.push({ offset, firstOrder, time, chain: words });
    }
    offset = 0;
    const digest = new Uint8Array(DIGEST_BYTES);
    for (let n = c.varint(); n > 0; n--) {
      offset += c.whole();
      c.take(digest, DIGEST_BYTES);
      index.blobs.push({ offset, digest: hexOf(digest) });
    }
    if (!c.atEnd()) throw new DamageError("an index has more than its entries");
    return index;
  }
}

/** A digest as 64 hex digits. */
export function hexOf(digest: Uint8Array): string {
  let text = "";
  for (let i = 0; i < DIGEST_BYTES; i++) text += digest[i].toString(16).padStart(2, "0");
  return text;
}

function bytesOf(hex: string): Uint8Array {
  const digest = new Uint8Array(DIGEST_BYTES);
  for (let i = 0; i < DIGEST_BYTES; i++) digest[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return digest;
}
