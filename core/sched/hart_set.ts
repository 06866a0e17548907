/**
 * Whether a hart is in a set of harts.
 *
 * @param lo harts 0 to 31, a bit each
 * @param hi harts 32 to 63
 */
export function hasHart(lo: number, hi: number, hart: number): boolean {
  return (((hart < 32 ? lo : hi) >>> (hart & 31)) & 1) === 1;
}
