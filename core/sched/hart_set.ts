/**
 * Sets of harts: a bit for each in two words, which are a row of two columns of a table. The first
 * has harts 0 to 31, the second 32 to 63.
 */

/**
 * Whether a hart is in a set of harts.
 *
 * @param lo harts 0 to 31, a bit each
 * @param hi harts 32 to 63
 */
export function hasHart(lo: number, hi: number, hart: number): boolean {
  return (((hart < 32 ? lo : hi) >>> (hart & 31)) & 1) === 1;
}

/**
 * Whether any hart but one is in a set of harts.
 *
 * @param lo harts 0 to 31, a bit each
 * @param hi harts 32 to 63
 */
export function hasOtherHart(lo: number, hi: number, hart: number): boolean {
  const others = ~(1 << (hart & 31));
  return ((hart < 32 ? lo & others : lo) | (hart < 32 ? hi : hi & others)) !== 0;
}

/**
 * Puts a hart into the set of a row.
 *
 * @param lo,hi the columns with the words of the sets
 */
export function addHart(lo: Uint32Array, hi: Uint32Array, row: number, hart: number): void {
  const words = hart < 32 ? lo : hi;
  words[row] |= 1 << (hart & 31);
}

/** Takes a hart out of the set of a row; see addHart. */
export function removeHart(lo: Uint32Array, hi: Uint32Array, row: number, hart: number): void {
  const words = hart < 32 ? lo : hi;
  words[row] &= ~(1 << (hart & 31));
}
