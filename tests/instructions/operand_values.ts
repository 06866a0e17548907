import {
  EDGES_D,
  EDGES_S,
  EDGES_X,
  randomOperand,
} from "../../arch/ir/float/float_test_support.ts";
import type { OperandKind } from "../../arch/ir/float/signatures.ts";
import type { Random } from "../kernel/random.ts";

// NaNs with payloads, quiet and signalling, of both signs; integers and numbers at the borders of
// conversions beyond those the float unit's own tests have.
const MORE_D: readonly bigint[] = [
  0x7ff8_dead_beef_0001n,
  0xfff8_0000_0000_0001n,
  0x7ff4_0000_0000_0000n,
  0xfff0_0000_dead_beefn,
  0x41e0_0000_0000_0000n,
  0xc1e0_0000_0000_0001n,
  0xc1e0_0000_0020_0000n,
  0x41ef_ffff_ffe0_0000n,
  0x41ef_ffff_ffff_ffffn,
  0xbfe0_0000_0000_0000n,
  0xbfef_ffff_ffff_ffffn,
  0x43df_ffff_ffff_ffffn,
  0x43ef_ffff_ffff_ffffn,
  0x36a0_0000_0000_0000n,
  0x3690_0000_0000_0001n,
  0x47ef_ffff_e000_0000n,
];
const MORE_S: readonly bigint[] = [
  0x7fc0_dead,
  0xffc0_0001,
  0x7fa0_0000,
  0xff80_beef,
  0x4eff_ffff,
  0xcf00_0001,
  0x4f7f_ffff,
  0x5eff_ffff,
  0x5f7f_ffff,
  0xbf00_0000,
  0xbf7f_ffff,
].map(BigInt);
const MORE_X: readonly bigint[] = [
  0x0123_4567_89ab_cdefn,
  0xfedc_ba98_7654_3210n,
  0x8000_0000_8000_0000n,
  0xffff_ffff_7fff_ffffn,
  0x00ff_00ff_8080_8080n,
  0x1f_ffffn,
];

const EDGES: Readonly<Record<OperandKind, readonly bigint[]>> = {
  D: [...EDGES_D, ...MORE_D],
  S: [...EDGES_S, ...MORE_S],
  X: [...EDGES_X, ...MORE_X],
  R: [],
};

const below = (random: Random) => (limit: number): number => random.below(limit);
const BOX = 0xffff_ffffn << 32n;
/** Upper halves that are no box: close to one, zero, and a double's. */
const BROKEN_BOXES = [0n, 0xffff_fffen, 0x7fff_ffffn, 0x3ff0_0000n, 0xfff8_0000n];

/**
 * An operand as its register holds it. The first cases of an instruction step through all edges;
 * later ones mix edges and random values.
 *
 * @param step which edge to take, or -1 for a random choice between edges and random values
 */
export function operandValue(kind: OperandKind, random: Random, step: number): bigint {
  const edges = EDGES[kind];
  const value = step >= 0
    ? edges[step % edges.length]!
    : random.oneIn(2)
    ? random.pick(edges)
    : randomOperand(kind, below(random));
  if (kind !== "S") return value;
  if (random.oneIn(12)) return value | random.pick(BROKEN_BOXES) << 32n;
  return value | BOX;
}

/** How many edges an operand of a kind has. */
export const edgeCount = (kind: OperandKind): number => EDGES[kind].length;

/** What registers hold that an instruction does not name. */
export function bystander(random: Random, isFloat: boolean): bigint {
  if (!isFloat) return operandValue("X", random, -1);
  return operandValue(random.oneIn(2) ? "D" : "S", random, -1);
}
