import { deflateSync } from "fflate";
import { DEFLATE_LEVEL, DEFLATE_MEMORY } from "./format.ts";

/** Shorter blobs are always tried: deflating them costs little. */
export const SAMPLED_FROM = 16384;
/** Distance of sampled bytes: a prime, so that records of an even size show all their columns. */
const STRIDE = 13;
/** Bytes spread as evenly as so many equally frequent values would not shrink by a twentieth. */
const VALUES = 192;
/** Bytes that are tried of a blob whose values are evenly spread: they may still repeat. */
const TRIED = 4096;

const counts = new Uint32Array(256);

/**
 * Whether deflating bytes is known to gain nothing, as of compressed or encrypted files: their
 * values are evenly spread, and their first 4 KiB shrink by less than a 32nd. A function of the bytes alone, for
 * the file must be the same on every host.
 *
 * @param length how many of the bytes count; below SAMPLED_FROM the answer is no
 */
export function isIncompressible(bytes: Uint8Array, length: number): boolean {
  if (length < SAMPLED_FROM || !isEvenlySpread(bytes, length)) return false;
  const tried = deflateSync(bytes.subarray(0, TRIED), {
    level: DEFLATE_LEVEL,
    mem: DEFLATE_MEMORY,
  });
  return tried.length > TRIED - TRIED / 32;
}

function isEvenlySpread(bytes: Uint8Array, length: number): boolean {
  counts.fill(0);
  let taken = 0;
  for (let at = 0; at < length; at += STRIDE, taken++) counts[bytes[at]]++;
  // What two bytes drawn have in common: taken² / 256 when all values are equally frequent.
  let pairs = 0;
  for (let value = 0; value < 256; value++) pairs += counts[value] * (counts[value] - 1);
  return pairs * VALUES < taken * taken;
}
