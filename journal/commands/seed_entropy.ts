/** Bytes that seed the kernel's random generator. */
export const ENTROPY_BYTES = 32;

/**
 * Entropy for a run whose user asked for none of the host's: a function of the schedule seed alone,
 * so that equal runs get equal bytes on any machine.
 */
export function entropyOfSeed(seed: number): Uint8Array {
  const bytes = new Uint8Array(ENTROPY_BYTES);
  const view = new DataView(bytes.buffer);
  // Two streams of a Weyl sequence through an avalanche; the high seed bits enter the second.
  let weyl = (seed ^ 0x6a09e667) | 0;
  const high = Math.floor(seed / 2 ** 32) | 0;
  for (let at = 0; at < ENTROPY_BYTES; at += 4) {
    weyl = (weyl + 0x9e3779b9) | 0;
    let z = weyl ^ Math.imul(high, 0x2545f491);
    z = Math.imul(z ^ (z >>> 15), 0x2c1b3c6d);
    z = Math.imul(z ^ (z >>> 12), 0x297a2d39);
    view.setUint32(at, z ^ (z >>> 15), true);
  }
  return bytes;
}
