import { ops } from "../ir/ops.ts";
import type { OpName } from "../ir/ops.ts";
import type { Block, Ending, Region, RegionOp } from "../ir/region/region.ts";
import { PAGE_SIZE, REGISTER } from "../machine/memory/layout.ts";
import { instructionLength } from "./decoder.ts";
import { lower, newLoweredOp } from "./lower.ts";

/** Bounds of a region: the optimising tier's time grows faster than the code. */
export const REGION_LIMIT = { instructions: 400, pages: 4 } as const;

/** The halfword at a guest address, or -1 where nothing that may be compiled lies. */
export type FetchHalf = (address: number) => number;

/** Ops that only the interpreter executes: they trap, or want to know what has run before. */
const INTERPRETED: ReadonlySet<OpName> = new Set<OpName>([
  "illegal",
  "ecall",
  "ebreak",
  "csr_float",
  "read_time",
  "read_retired",
]);

/**
 * Finds the code of a region by following jumps from its entry, nearest first.
 *
 * @returns undefined when not even the first instruction can be compiled
 */
export function formRegion(entry: number, fetch: FetchHalf): Region | undefined {
  const known = new Map<number, RegionOp>();
  const leaders = new Set([entry]);
  const pages = new Set<number>();
  const waiting = [entry];
  for (let at = 0; at < waiting.length; at++) {
    for (let pc = waiting[at]!; known.size < REGION_LIMIT.instructions;) {
      if (known.has(pc)) {
        leaders.add(pc);
        break;
      }
      const op = decodeAt(pc, fetch, pages);
      if (op === undefined) break;
      known.set(pc, op);
      const targets = targetsOf(op);
      if (targets !== undefined) {
        for (const target of targets) {
          leaders.add(target);
          waiting.push(target);
        }
        break;
      }
      pc += op.length;
    }
  }
  if (!known.has(entry)) return undefined;
  const blocks = [entry, ...[...leaders].filter((l) => l !== entry).sort((x, y) => x - y)]
    .filter((leader) => known.has(leader))
    .map((leader) => blockAt(leader, known, leaders));
  return { entry, blocks, pages: [...pages], instructions: known.size };
}

const scratch = newLoweredOp();

function decodeAt(pc: number, fetch: FetchHalf, pages: Set<number>): RegionOp | undefined {
  const low = fetchWithin(pc, fetch, pages);
  if (low < 0) return undefined;
  let bits = low;
  if (instructionLength(low) === 4) {
    const high = fetchWithin(pc + 2, fetch, pages);
    if (high < 0) return undefined;
    bits |= high << 16;
  }
  lower(bits, -1, scratch);
  if (INTERPRETED.has(scratch.name)) return undefined;
  const { name, length, a, b, c, d, immediate } = scratch;
  return { name, pc, length, a, b, c, d, immediate };
}

function fetchWithin(address: number, fetch: FetchHalf, pages: Set<number>): number {
  const page = address - address % PAGE_SIZE;
  if (!pages.has(page) && pages.size === REGION_LIMIT.pages) return -1;
  const half = fetch(address);
  if (half >= 0) pages.add(page);
  return half;
}

/** Where the region goes on behind an op that ends a block; undefined for the others. */
function targetsOf(op: RegionOp): readonly number[] | undefined {
  switch (ops[op.name].control) {
    case undefined:
      return undefined;
    case "branch":
      return [op.pc + op.length, op.pc + op.immediate];
    case "relative":
      return isCall(op) ? [] : [op.pc + op.immediate];
    default:
      return [];
  }
}

/** A jump that links: what it calls is a region of its own. */
const isCall = (op: RegionOp): boolean => op.a !== REGISTER.sink;

function blockAt(
  start: number,
  known: ReadonlyMap<number, RegionOp>,
  leaders: ReadonlySet<number>,
): Block {
  const list: RegionOp[] = [];
  let pc = start;
  for (;;) {
    const op = known.get(pc);
    if (op === undefined) return { start, ops: list, ending: "leave", taken: -1, next: pc };
    list.push(op);
    pc += op.length;
    const control = ops[op.name].control;
    if (control !== undefined) return closed(start, list, op, control);
    if (leaders.has(pc)) return { start, ops: list, ending: "fall", taken: -1, next: pc };
  }
}

function closed(start: number, list: RegionOp[], last: RegionOp, control: string): Block {
  const next = last.pc + last.length, taken = last.pc + last.immediate;
  const ending: Ending = control === "branch"
    ? "branch"
    : control === "relative"
    ? "goto"
    : "indirect";
  return { start, ops: list, ending, taken, next };
}
