import type { OpSpec } from "./op_context.ts";
import { floatOps } from "./ops_float.ts";
import { integerOps } from "./ops_integer.ts";
import { memoryOps } from "./ops_memory.ts";

/**
 * Every IR op, each declared once: its operands and its meaning (see `op_context.ts`). One op is
 * one guest instruction; its encoding in memory is `OP` in `arch/machine/memory/layout.ts`.
 */
const table = { ...integerOps, ...memoryOps, ...floatOps };

/** Name of an IR op. */
export type OpName = keyof typeof table;

/** The ops by name. */
export const ops: Readonly<Record<OpName, OpSpec>> = table;

/** The ops in opcode order. */
export const opNames = Object.keys(table) as readonly OpName[];

/**
 * Opcodes that are no instructions: slots not decoded yet, the op behind a page's last, and an
 * instruction that goes on in the next page. They cost no budget.
 */
export const INTERNAL_OPCODE = { undecoded: 0, pageEnd: 1, pageCrossing: 2 } as const;
const FIRST_OPCODE = 3;

const opcodes = new Map<OpName, number>();
const farOpcodes = new Map<OpName, number>();
opNames.forEach((name, index) => opcodes.set(name, FIRST_OPCODE + index));
let nextOpcode = FIRST_OPCODE + opNames.length;
for (const name of opNames) {
  const control = ops[name].control;
  if (control === "branch" || control === "relative") farOpcodes.set(name, nextOpcode++);
}

/** One past the highest opcode. */
export const OPCODE_COUNT = nextOpcode;

/** Ops whose far form has an opcode of its own. */
export const farOpNames: readonly OpName[] = [...farOpcodes.keys()];

/**
 * The opcode of an op. A jump by an immediate has two: the near one's immediate is the distance to
 * the target op inside the page, the far one's the distance in guest bytes.
 */
export function opcodeOf(name: OpName, far = false): number {
  const opcode = (far ? farOpcodes : opcodes).get(name);
  if (opcode === undefined) throw new Error(`op ${name} has no ${far ? "far " : ""}opcode`);
  return opcode;
}
