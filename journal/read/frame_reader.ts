import { inflateSync } from "fflate";
import type { ByteSource } from "./byte_source.ts";
import { crc32 } from "../format/crc32.ts";
import {
  FRAME_LIMIT,
  FrameCodec,
  Head,
  HEAD_BYTES,
  readU32,
  readWhole,
  SKIPPABLE_KIND,
} from "../format/format.ts";

/** What stands at an offset of a journal. */
export const FrameStatus = { Ok: 0, End: 1, Partial: 2, Damaged: 3 } as const;

/** Reads one frame at a time into buffers of its own, and holds its CRCs. */
export class FrameReader {
  kind = 0;
  count = 0;
  firstOrder = 0;
  /** Bytes of the whole frame in the file. */
  frameBytes = 0;
  /** Its raw body, followed by zeros up to a multiple of four. */
  raw: Uint8Array = new Uint8Array(1 << 16);
  rawLength = 0;
  /** `raw` as words. */
  words: Int32Array = new Int32Array(this.raw.buffer);
  /** The chain it claims, four words. */
  readonly chain: Uint32Array = new Uint32Array(4);
  /** Why the status is Damaged. */
  reason = "";
  private readonly head = new Uint8Array(HEAD_BYTES);
  private stored = new Uint8Array(1 << 16);

  constructor(private readonly source: ByteSource) {}

  /** Reads the frame at `offset`; a FrameStatus. After Damaged or Partial the fields mean nothing. */
  read(offset: number): number {
    const size = this.source.size;
    if (offset === size) return FrameStatus.End;
    if (size - offset < HEAD_BYTES) return FrameStatus.Partial;
    const head = this.head;
    if (this.source.read(offset, head) !== HEAD_BYTES) return FrameStatus.Partial;
    if (readU32(head, Head.HeadCrc) !== crc32(head, 0, Head.HeadCrc)) {
      return this.damaged("the CRC of a frame's head does not match");
    }
    if (head[2] !== 0 || head[3] !== 0 || !isZero(head, Head.Reserved, Head.HeadCrc)) {
      return this.damaged("a frame's reserved bytes are not zero");
    }
    const storedLength = readU32(head, Head.StoredLength);
    this.rawLength = readU32(head, Head.RawLength);
    if (storedLength > FRAME_LIMIT || this.rawLength > FRAME_LIMIT) {
      return this.damaged("a frame of impossible length");
    }
    this.kind = head[Head.Kind];
    this.count = readU32(head, Head.EventCount);
    this.firstOrder = readWhole(head, Head.FirstOrder);
    for (let i = 0; i < 4; i++) this.chain[i] = readU32(head, Head.Chain + 4 * i);
    this.frameBytes = HEAD_BYTES + storedLength;
    if (size - offset < this.frameBytes) return FrameStatus.Partial;
    return this.body(offset + HEAD_BYTES, storedLength);
  }

  private body(offset: number, storedLength: number): number {
    if (this.stored.length < storedLength) this.stored = new Uint8Array(2 * storedLength);
    const stored = this.stored.subarray(0, storedLength);
    if (this.source.read(offset, stored) !== storedLength) return FrameStatus.Partial;
    if (readU32(this.head, Head.BodyCrc) !== crc32(stored, 0, storedLength)) {
      return this.damaged("the CRC of a frame's body does not match");
    }
    // Four bytes of padding, and one by which a body that inflates to too much shows.
    this.reserve(this.rawLength + 5);
    const length = this.rawLength;
    const codec = this.head[Head.Codec];
    if (codec === FrameCodec.Stored) {
      if (storedLength !== length) return this.damaged("a stored frame of two lengths");
      this.raw.set(stored);
    } else if (codec === FrameCodec.Fflate) {
      if (this.inflate(stored, length) !== length) return this.damaged("a frame does not inflate");
    } else if (this.kind < SKIPPABLE_KIND) {
      return this.damaged(`a frame of unknown codec ${codec}`);
    }
    this.raw.fill(0, length, length + 4);
    return FrameStatus.Ok;
  }

  private inflate(stored: Uint8Array, length: number): number {
    try {
      return inflateSync(stored, { out: this.raw.subarray(0, length + 1) }).length;
    } catch {
      return -1;
    }
  }

  private reserve(bytes: number): void {
    if (this.raw.length >= bytes) return;
    this.raw = new Uint8Array((2 * bytes + 3) & ~3);
    this.words = new Int32Array(this.raw.buffer);
  }

  private damaged(reason: string): number {
    this.reason = reason;
    return FrameStatus.Damaged;
  }
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
