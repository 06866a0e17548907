import { PAYLOAD_LIMIT } from "../event.ts";
import { UNITS } from "../limits.ts";

/** What a tree record describes. */
export const TreeKind = {
  File: 1,
  Directory: 2,
  Symlink: 3,
  Fifo: 5,
  /** A further name of a file that an earlier record made: `target` is its path. */
  Link: 6,
} as const;

/** One name of a tree, as the host reads it. */
export interface TreeEntry {
  /** A TreeKind. */
  readonly kind: number;
  /** Permission bits. */
  readonly mode: number;
  /** Bytes of a file; else 0. */
  readonly size: number;
  /** Path below the root, without a leading slash; not empty. */
  readonly path: Uint8Array;
  /** Text of a symbolic link, or path of a Link; else empty. */
  readonly target: Uint8Array;
  /** Id that RequestChunk asks with: one of each File, ascending from 0; else 0. */
  readonly file: number;
}

/**
 * Head of a record, little-endian; path and target follow without padding.
 * 0 kind u8 · 1 zero · 2 mode u16 · 4 file u32 · 8 size u64 · 16 path length u16 · 18 target length u16
 */
export const RecordField = {
  Kind: 0,
  Mode: 2,
  File: 4,
  Size: 8,
  PathLength: 16,
  TargetLength: 18,
} as const;
/** Bytes of a record's head. */
export const RECORD_HEAD = 20;

/** Orders paths by their bytes. */
export function comparePaths(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function encodeRecord(entry: TreeEntry): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEAD + entry.path.length + entry.target.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(RecordField.Kind, entry.kind);
  view.setUint16(RecordField.Mode, entry.mode & 0o7777, true);
  view.setUint32(RecordField.File, entry.file, true);
  view.setUint32(RecordField.Size, entry.size >>> 0, true);
  view.setUint32(RecordField.Size + 4, Math.floor(entry.size / 0x1_0000_0000), true);
  view.setUint16(RecordField.PathLength, entry.path.length, true);
  view.setUint16(RecordField.TargetLength, entry.target.length, true);
  bytes.set(entry.path, RECORD_HEAD);
  bytes.set(entry.target, RECORD_HEAD + entry.path.length);
  return bytes;
}

/**
 * Encodes a tree as the payloads of Tree events: records sorted by path bytes (so a directory comes
 * before what is in it), further names of files last, each payload at most PAYLOAD_LIMIT bytes and
 * UNITS records.
 */
export function encodeTree(entries: readonly TreeEntry[]): Uint8Array[] {
  const sorted = [...entries].sort((a, b) => {
    const late = Number(a.kind === TreeKind.Link) - Number(b.kind === TreeKind.Link);
    return late !== 0 ? late : comparePaths(a.path, b.path);
  });
  const payloads: Uint8Array[] = [];
  let records: Uint8Array[] = [];
  let size = 0;
  const flush = (): void => {
    if (records.length === 0) return;
    const payload = new Uint8Array(size);
    let at = 0;
    for (const record of records) {
      payload.set(record, at);
      at += record.length;
    }
    payloads.push(payload);
    records = [];
    size = 0;
  };
  for (const entry of sorted) {
    const record = encodeRecord(entry);
    if (size + record.length > PAYLOAD_LIMIT || records.length === UNITS) flush();
    records.push(record);
    size += record.length;
  }
  flush();
  return payloads;
}
