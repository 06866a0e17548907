/** Constants of the journal's format; journal/FORMAT.md says what they mean. */

/** First eight bytes of a journal. */
export const MAGIC: readonly number[] = [0x89, 0x44, 0x41, 0x59, 0x42, 0x4b, 0x0a, 0x1a];
/** The version this code writes and reads. */
export const FORMAT_VERSION = 1;
/** Bytes before the first frame. */
export const PREAMBLE_BYTES = 16;

/** Kinds of frame. From 0x80 on a reader that does not know a kind may skip it. */
export const FrameKind = {
  Header: 1,
  Events: 2,
  Blob: 3,
  Hashes: 4,
  Closed: 5,
  /** Reserved: an event beyond the payload limit. */
  LongRecord: 6,
  Index: 0x81,
  /** Reserved: a snapshot to start a fold from. */
  Checkpoint: 0x82,
} as const;

/** First kind that may be skipped. */
export const SKIPPABLE_KIND = 0x80;

/** How a frame's body is stored. */
export const FrameCodec = { Stored: 0, Fflate: 1 } as const;

/** Pinned settings of the deflate codec: other settings write other bytes. */
export const DEFLATE_LEVEL = 1;
export const DEFLATE_MEMORY = 4;

/** Bytes of a frame's head. */
export const HEAD_BYTES = 56;
/** Offsets in a frame's head. */
export const Head = {
  Kind: 0,
  Codec: 1,
  StoredLength: 4,
  RawLength: 8,
  EventCount: 12,
  FirstOrder: 16,
  BodyCrc: 24,
  /** The hash chain including this frame, four words. */
  Chain: 28,
  /** Reserved, zero. */
  Reserved: 44,
  /** CRC of the head's bytes before it. */
  HeadCrc: 52,
} as const;

/** An Events frame holds at most this many events. */
export const FRAME_EVENTS = 4096;
/** An event opens a new frame when payload, glance and blob bytes have reached this many. */
export const FRAME_BYTES = 1 << 20;
/** An event opens a new frame when it is this many ns or more from the frame's first event. */
export const FRAME_TIME = 1_000_000_000;

/** Most raw or stored bytes of any frame: anything longer is damage. */
export const FRAME_LIMIT = 1 << 23;
/** Most bytes of one blob. */
export const BLOB_LIMIT = 65536;
/** Bytes of a blob's digest (SHA-256). */
export const DIGEST_BYTES = 32;
/** Harts are numbered below this. */
export const HART_LIMIT = 256;

/** State hashes: K is the arena's, M the machine's. */
export const HashKind = { K: 1, M: 2 } as const;
/** Bytes of one entry of a Hashes frame. */
export const HASH_ENTRY_BYTES = 36;

/** Reads a little-endian u32. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** Writes a little-endian u32. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** Reads a little-endian u64; rounded from 2^53 on. */
export function readWhole(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at + 4) * 0x1_0000_0000 + readU32(bytes, at);
}

/** Writes a whole number below 2^53 as a little-endian u64. */
export function writeWhole(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value >>> 0);
  writeU32(bytes, at + 4, Math.floor(value / 0x1_0000_0000));
}
