/**
 * The frames of an undamaged journal, read by FORMAT.md alone, and what follows from them about a
 * damaged copy: this is what the reader is held to, so nothing of the reader is used here.
 */

const PREAMBLE = 16;
const HEAD = 56;

/** Kinds of frame, as FORMAT.md numbers them. */
export const Kind = { Header: 1, Events: 2, Blob: 3, Hashes: 4, Closed: 5, Index: 0x81 } as const;

/** A frame of an undamaged journal. */
export interface Frame {
  /** Where it begins and how long it is, in bytes of the file. */
  readonly offset: number;
  readonly length: number;
  readonly kind: number;
  /** Events in it, and in all Events frames before it. */
  readonly events: number;
  readonly before: number;
}

/** What is true of a damaged journal. */
export interface Truth {
  /** Whether a whole header stands where it should: without one nothing can be read at all. */
  readonly header: boolean;
  /** The last good event, -1 for none. */
  readonly last: number;
  /** Whether all that counts is there: at most the seek index is missing. */
  readonly whole: boolean;
}

/** Lists the frames of an undamaged journal. */
export function framesOf(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Frame[] = [];
  for (let offset = PREAMBLE; offset < bytes.length;) {
    const length = HEAD + view.getUint32(offset + 4, true);
    frames.push({
      offset,
      length,
      kind: bytes[offset],
      events: view.getUint32(offset + 12, true),
      before: view.getUint32(offset + 16, true),
    });
    offset += length;
  }
  return frames;
}

/**
 * What is left of a journal in a copy of it that was damaged in any way: everything up to the last
 * frame that lies wholly before the first byte that differs.
 *
 * @param foreign journals whose header may stand in this one: it is whole, but nothing follows from it
 */
export function truthOf(
  whole: Uint8Array,
  frames: readonly Frame[],
  damaged: Uint8Array,
  foreign: readonly Uint8Array[] = [],
): Truth {
  const common = commonPrefix(whole, damaged);
  let header = foreign.some((other) => {
    const { offset, length } = framesOf(other)[0];
    return commonPrefix(other, damaged) >= offset + length;
  });
  let last = -1, end = 0;
  for (const frame of frames) {
    if (frame.offset + frame.length > common) break;
    if (frame.kind === Kind.Header) header = true;
    if (frame.kind === Kind.Events) last = frame.before + frame.events - 1;
    if (frame.kind === Kind.Closed) end = frame.offset + frame.length;
  }
  const all = common === whole.length && damaged.length === whole.length;
  return { header, last, whole: all || (end > 0 && damaged.length === end) };
}

/** Bytes from the start that are equal. */
export function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  let at = 0;
  while (at < n && a[at] === b[at]) at++;
  return at;
}
