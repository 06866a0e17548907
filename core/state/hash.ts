import { elementBytes } from "./column.ts";
import type { ArenaLayout } from "./arena.ts";

/** A 128-bit state hash as four 32-bit words. */
export type Hash = Uint32Array;

const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca6b | 0;

/**
 * Folds 32-bit words into four independent lanes. Not cryptographic: it tells equal states from
 * unequal ones. All arithmetic is on 32-bit integers, so every host gets the same value.
 *
 * @param lanes four words, updated in place
 */
export function hashWords(lanes: Int32Array, words: Int32Array, from: number, to: number): void {
  let a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
  let i = from;
  for (; i + 4 <= to; i += 4) {
    a = Math.imul(a ^ words[i], P1);
    b = Math.imul(b ^ words[i + 1], P1);
    c = Math.imul(c ^ words[i + 2], P1);
    d = Math.imul(d ^ words[i + 3], P1);
    a = (a << 13) | (a >>> 19);
    b = (b << 13) | (b >>> 19);
    c = (c << 13) | (c >>> 19);
    d = (d << 13) | (d >>> 19);
  }
  for (; i < to; i++) {
    a = Math.imul(a ^ words[i], P1);
    a = (a << 13) | (a >>> 19);
    // Rotating the lanes' roles keeps a short tail's position significant.
    const t = a;
    a = b;
    b = c;
    c = d;
    d = t;
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
}

function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, P2);
  x ^= x >>> 13;
  x = Math.imul(x, P1);
  return x ^ (x >>> 16);
}

/** Starts four lanes. */
export function beginHash(lanes: Int32Array): void {
  lanes[0] = 0x243f6a88;
  lanes[1] = 0x85a308d3 | 0;
  lanes[2] = 0x13198a2e;
  lanes[3] = 0x03707344;
}

/** Mixes the lanes with the length and writes the final four words. */
export function endHash(lanes: Int32Array, length: number, out: Uint32Array): void {
  let a = lanes[0] ^ length, b = lanes[1], c = lanes[2], d = lanes[3];
  for (let round = 0; round < 2; round++) {
    a = mix((a + b) | 0);
    b = mix((b + c) | 0);
    c = mix((c + d) | 0);
    d = mix((d + a) | 0);
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/**
 * Makes the hash of the used part of an arena: headers, and rows up to each watermark of every
 * column that is not derived. Of a column with a declared used count only that many elements of
 * each row are looked at.
 */
export function makeArenaHash(
  layout: ArenaLayout,
  buffer: ArrayBufferLike,
  base: number,
): (out: Uint32Array) => void {
  const words = new Int32Array(buffer, base, layout.bytes >>> 2);
  const lanes = new Int32Array(4);
  const plan = layout.tables.map((placed) => ({
    header: placed.headerOffset >>> 2,
    columns: placed.columns.filter((c) => c.column.role !== "derived").map((c) => {
      const used = c.column.usedCount === undefined
        ? undefined
        : placed.columns.find((o) => o.name === c.column.usedCount);
      return {
        start: c.offset >>> 2,
        rowBytes: elementBytes(c.column.type) * c.column.count,
        elementBytes: elementBytes(c.column.type),
        usedStart: used === undefined ? -1 : used.offset >>> 2,
      };
    }),
  }));
  return (out: Uint32Array): void => {
    beginHash(lanes);
    let total = 0;
    for (const t of plan) {
      hashWords(lanes, words, t.header, t.header + 8);
      const rows = words[t.header];
      if (rows === 0) continue;
      for (const c of t.columns) {
        if (c.usedStart < 0) {
          const end = c.start + (((rows + 1) * c.rowBytes + 3) >>> 2);
          hashWords(lanes, words, c.start, end);
          total += end - c.start;
          continue;
        }
        for (let row = 1; row <= rows; row++) {
          const from = c.start + ((row * c.rowBytes) >>> 2);
          const end = from + ((words[c.usedStart + row] * c.elementBytes + 3) >>> 2);
          hashWords(lanes, words, from, end);
          total += end - from;
        }
      }
    }
    endHash(lanes, total, out);
  };
}

/** A hash as 32 hex digits. */
export function hashText(hash: Uint32Array): string {
  let text = "";
  for (let i = 0; i < 4; i++) text += hash[i].toString(16).padStart(8, "0");
  return text;
}
