import { ONE, type State } from "../kernel.ts";

/** Words of the generator's row: four 64-bit numbers, low word first. */
const WORDS = 8;

/** High half of a 64-bit number times a small one; the low half's carry is exact below 2^53. */
function timesHigh(lo: number, hi: number, factor: number): number {
  const carry = Math.floor((lo * factor) / 0x1_0000_0000);
  return (Math.imul(hi, factor) + carry) >>> 0;
}

/** One step of the linear engine. */
function advance(w: Uint32Array, b: number): void {
  const shiftedLo = w[b + 2] << 17;
  const shiftedHi = (w[b + 3] << 17) | (w[b + 2] >>> 15);
  for (let half = 0; half < 2; half++) {
    const at = b + half;
    w[at + 4] ^= w[at];
    w[at + 6] ^= w[at + 2];
    w[at + 2] ^= w[at + 4];
    w[at] ^= w[at + 6];
  }
  w[b + 4] ^= shiftedLo;
  w[b + 5] ^= shiftedHi;
  // Rotated left by 45: the halves change places and turn by 13.
  const lo = w[b + 6];
  const hi = w[b + 7];
  w[b + 6] = (hi << 13) | (lo >>> 19);
  w[b + 7] = (lo << 13) | (hi >>> 19);
}

/**
 * Draws the next output of xoshiro256** over `kernel.random` into `kernel.randomOut`, low word
 * first. All arithmetic is on 32-bit halves.
 */
export function nextRandom(s: State): void {
  const w = s.kernel.random;
  const b = ONE * WORDS;
  // The second word times 5, rotated left by 7, times 9.
  const lo5 = Math.imul(w[b + 2], 5) >>> 0;
  const hi5 = timesHigh(w[b + 2], w[b + 3], 5);
  const lo = ((lo5 << 7) | (hi5 >>> 25)) >>> 0;
  const hi = ((hi5 << 7) | (lo5 >>> 25)) >>> 0;
  s.kernel.randomOut[2 * ONE] = Math.imul(lo, 9);
  s.kernel.randomOut[2 * ONE + 1] = timesHigh(lo, hi, 9);
  advance(w, b);
}

/**
 * Fills bytes with the next outputs, little-endian; of the last one only as many bytes as are wanted
 * are used.
 *
 * @param into,at,length where they go
 */
export function randomBytes(s: State, into: Uint8Array, at: number, length: number): void {
  const out = s.kernel.randomOut;
  for (let done = 0; done < length; done += 8) {
    nextRandom(s);
    const count = Math.min(8, length - done);
    for (let i = 0; i < count; i++) {
      into[at + done + i] = out[2 * ONE + (i >>> 2)] >>> (8 * (i & 3));
    }
  }
}
