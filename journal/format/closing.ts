import type { ByteColumn } from "./byte_column.ts";
import { ByteCursor, DamageError } from "./byte_cursor.ts";
import { HASH_ENTRY_BYTES, HashKind, readU32, readWhole, writeU32, writeWhole } from "./format.ts";

/** A state hash, with its place in the boot. */
export interface StateHash {
  /** A HashKind. */
  readonly kind: number;
  /** The last event before it. */
  readonly order: number;
  /** The round at whose end an M hash was taken; 0 for K. */
  readonly round: number;
  /** Four words. */
  readonly hash: Uint32Array;
}

/** What a Closed frame says. */
export interface Closing {
  readonly events: number;
  /** Events of each hart, by hart number. */
  readonly eventsOfHart: readonly number[];
  readonly blobs: number;
  readonly blobBytes: number;
  readonly lastK: StateHash | undefined;
  readonly lastM: StateHash | undefined;
}

/** Appends one hash entry. */
export function putHash(out: ByteColumn, h: StateHash): void {
  const entry = new Uint8Array(HASH_ENTRY_BYTES);
  entry[0] = h.kind;
  writeWhole(entry, 4, h.order);
  writeWhole(entry, 12, h.round);
  for (let i = 0; i < 4; i++) writeU32(entry, 20 + 4 * i, h.hash[i]);
  out.put(entry, HASH_ENTRY_BYTES);
}

/** Reads one hash entry. @throws {DamageError} when it is none */
export function takeHash(c: ByteCursor): StateHash {
  const entry = new Uint8Array(HASH_ENTRY_BYTES);
  c.take(entry, HASH_ENTRY_BYTES);
  const kind = entry[0];
  if (kind !== HashKind.K && kind !== HashKind.M) throw new DamageError("an unknown kind of hash");
  const hash = new Uint32Array(4);
  for (let i = 0; i < 4; i++) hash[i] = readU32(entry, 20 + 4 * i);
  return { kind, order: readWhole(entry, 4), round: readWhole(entry, 12), hash };
}

/** Writes the body of a Closed frame; `out` is cleared first. */
export function encodeClosing(c: Closing, out: ByteColumn): void {
  out.clear();
  out.whole(c.events);
  out.varint(c.eventsOfHart.length);
  for (const n of c.eventsOfHart) out.whole(n);
  out.whole(c.blobs);
  out.whole(c.blobBytes);
  for (const h of [c.lastK, c.lastM]) {
    out.byte(h === undefined ? 0 : 1);
    if (h !== undefined) putHash(out, h);
  }
}

/** Reads the body of a Closed frame. @throws {DamageError} when it is none */
export function decodeClosing(raw: Uint8Array, length: number): Closing {
  const c = new ByteCursor();
  c.open(raw, 0, length);
  const events = c.whole();
  const eventsOfHart: number[] = [];
  for (let n = c.varint(); n > 0; n--) eventsOfHart.push(c.whole());
  const blobs = c.whole();
  const blobBytes = c.whole();
  const lastK = c.byte() === 0 ? undefined : takeHash(c);
  const lastM = c.byte() === 0 ? undefined : takeHash(c);
  if (!c.atEnd()) throw new DamageError("a closing has more than its fields");
  return { events, eventsOfHart, blobs, blobBytes, lastK, lastM };
}
