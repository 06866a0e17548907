import { REGISTER } from "../../machine/memory/layout.ts";
import { ops } from "../ops.ts";
import type { Block, RegionOp } from "./region.ts";

/** Accesses of a block that lie at fixed distances from one register's value at its start. */
export interface AccessGroup {
  /** The register, as it is when the block begins. */
  readonly register: number;
  /** The lowest byte accessed, from the register's value, and how many bytes from there. */
  readonly low: number;
  readonly span: number;
  readonly writes: boolean;
  /** Byte offset from `low` of each access, by the op's index in the block. */
  readonly offsets: ReadonlyMap<number, number>;
}

/** Wider groups would seldom lie in one page. */
const WIDEST = 1024;

interface Draft {
  low: number;
  high: number;
  writes: boolean;
  readonly at: Map<number, number>;
}

/** Bytes of a load or store, 0 for other ops. */
function accessBytes(op: RegionOp): number {
  const { memory } = ops[op.name];
  if (memory !== "load" && memory !== "store") return 0;
  const width = op.name.replace("f", "")[1];
  return width === "b" ? 1 : width === "h" ? 2 : width === "w" ? 4 : 8;
}

/**
 * Finds the groups of two and more accesses of a block: one test that the group lies in the page
 * its register led to before then stands for a test of each.
 */
export function accessGroups(block: Block): readonly AccessGroup[] {
  /** What registers hold: a register's value at the start, and a distance; undefined if unknown. */
  const held = new Map<number, { register: number; distance: number } | undefined>();
  const origin = (register: number): { register: number; distance: number } | undefined =>
    held.has(register) ? held.get(register) : { register, distance: 0 };
  const drafts = new Map<number, Draft>();
  block.ops.forEach((op, index) => {
    const bytes = accessBytes(op);
    const base = bytes > 0 && op.b !== REGISTER.x0 ? origin(op.b) : undefined;
    if (base !== undefined) {
      const low = base.distance + op.immediate;
      const draft = drafts.get(base.register) ??
        { low, high: low + bytes, writes: false, at: new Map<number, number>() };
      draft.low = Math.min(draft.low, low);
      draft.high = Math.max(draft.high, low + bytes);
      draft.writes ||= ops[op.name].memory === "store";
      draft.at.set(index, low);
      drafts.set(base.register, draft);
    }
    if (ops[op.name].shape.includes("a")) held.set(op.a, moved(op, origin));
  });
  const groups: AccessGroup[] = [];
  for (const [register, { low, high, writes, at }] of drafts) {
    if (at.size < 2 || high - low > WIDEST) continue;
    const offsets = new Map([...at].map(([index, from]) => [index, from - low]));
    groups.push({ register, low, span: high - low, writes, offsets });
  }
  return groups;
}

/** Where an op that adds a constant, or copies, leads. */
function moved(
  op: RegionOp,
  origin: (register: number) => { register: number; distance: number } | undefined,
): { register: number; distance: number } | undefined {
  if (op.b === REGISTER.x0 || (op.name !== "addi" && op.name !== "mv")) return undefined;
  const from = origin(op.b);
  if (from === undefined) return undefined;
  const distance = from.distance + (op.name === "addi" ? op.immediate : 0);
  return { register: from.register, distance };
}
