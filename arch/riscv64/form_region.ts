import { ops } from "../ir/ops.ts";
import type { OpName } from "../ir/ops.ts";
import type { Block, Region, RegionOp } from "../ir/region/region.ts";
import { PAGE_SIZE, REGISTER } from "../machine/memory/layout.ts";
import { instructionLength } from "./decoder.ts";
import { lower, newLoweredOp } from "./lower.ts";

/** Bounds of a region: the optimising tier's time grows faster than the code. */
export const REGION_LIMIT = { instructions: 256, pages: 4 } as const;

/** Instructions of a block at most. */
const BLOCK_LIMIT = 48;

/** A function that calls none and has at most so many instructions joins its callers' regions. */
const LEAF_INSTRUCTIONS = 64;

/** More targets of one jump are not tried one after the other. */
const MOST_TARGETS = 16;

/** What a region is formed from. */
export interface CodeSource {
  /** The halfword at a guest address, or -1 where nothing that may be compiled lies. */
  half(address: number): number;
  /** Whether the instruction at an address may have been executed. */
  hasRun(address: number): boolean;
  /** Addresses that the jump by a register at a guest address is known to have gone to. */
  targets(address: number): readonly number[];
}

/** Ops that only the interpreter executes: they trap, or want to know what has run before. */
const INTERPRETED: ReadonlySet<OpName> = new Set<OpName>([
  "illegal",
  "ecall",
  "ebreak",
  "csr_float",
  "read_time",
  "read_retired",
]);

// Registers that link, by the calling convention (unprivileged manual, return-address stack hints).
const RA = 1;
const T0 = 5;

/** An instruction, and where it surely goes: -1 for a jump by a register that may be anything. */
interface Found extends RegionOp {
  readonly goes: number;
}

/**
 * Finds the code of a region by following jumps and calls from its entry, nearest first.
 *
 * @returns undefined when not even the first instruction can be compiled
 */
export function formRegion(entry: number, source: CodeSource): Region | undefined {
  return new RegionFinder(entry, source).region();
}

/**
 * Where a region might be entered for code around an address, the best places first: at the head of
 * the innermost loop around it, as far as backward branches show; else where control goes next from
 * there, so that what comes in from anywhere nearby finds it; at last at the address itself.
 */
export function entries(pc: number, source: CodeSource): readonly number[] {
  const blocks = formRegion(pc, source)?.blocks ?? [];
  const loops = blocks.filter(({ ending, taken, ops: list }) =>
    (ending === "branch" || ending === "goto") && taken <= pc && list.at(-1)!.pc >= pc
  ).map(({ taken, ops: list }) => ({ head: taken, length: list.at(-1)!.pc - taken }));
  loops.sort((x, y) => x.length - y.length);
  const { taken = -1, next = -1 } = blocks[0] ?? {};
  const places = [...loops.map((loop) => loop.head).slice(0, 1), taken, next, pc];
  const known = new Set(blocks.map((block) => block.start));
  return places.filter((place) => known.has(place) && source.hasRun(place));
}

class RegionFinder {
  readonly #known = new Map<number, Found>();
  readonly #leaders: Set<number>;
  readonly #pages = new Set<number>();
  readonly #scratch = newLoweredOp();

  constructor(private readonly entry: number, private readonly source: CodeSource) {
    this.#leaders = new Set([entry]);
  }

  region(): Region | undefined {
    const waiting = [this.entry];
    for (let at = 0; at < waiting.length; at++) {
      for (const next of this.#run(waiting[at]!)) {
        this.#leaders.add(next);
        if (next >= 0 && this.source.hasRun(next)) waiting.push(next);
      }
    }
    const { entry } = this;
    if (!this.#known.has(entry)) return undefined;
    const returns = this.#returns();
    const starts = [...this.#leaders].filter((l) => l !== entry && this.#known.has(l));
    const blocks = [entry, ...starts.sort((x, y) => x - y)].map((s) => this.#block(s, returns));
    return { entry, blocks, pages: [...this.#pages], instructions: this.#known.size };
  }

  /** Decodes from an address to where control forks, or meets what is known; what comes next. */
  #run(from: number): readonly number[] {
    let last: Found | undefined;
    let length = 0;
    for (let pc = from; this.#known.size < REGION_LIMIT.instructions;) {
      // A block that the budget no longer suffices for is interpreted: that should not be much.
      if (length++ % BLOCK_LIMIT === 0) this.#leaders.add(pc);
      if (this.#known.has(pc)) {
        this.#leaders.add(pc);
        break;
      }
      const op = this.#decode(pc, last);
      if (op === undefined) break;
      this.#known.set(pc, op);
      const { control } = ops[op.name];
      pc += op.length;
      if (control === "branch") return [pc, op.goes];
      if (control !== undefined) return this.#afterJump(op, pc);
      last = op;
    }
    return [];
  }

  #afterJump(op: Found, next: number): readonly number[] {
    if (op.goes < 0 && isReturn(op)) return [];
    const targets = this.#targetsOf(op);
    if (!links(op)) return targets;
    const joined = targets.filter((t) => this.#known.has(t) || this.#isSmallLeaf(t));
    return joined.length === 0 ? [] : [...joined, next];
  }

  /** Where a jump is known to go. */
  #targetsOf(jump: Found): readonly number[] {
    if (jump.goes >= 0) return [jump.goes];
    return this.source.targets(jump.pc).slice(0, MOST_TARGETS);
  }

  /** Whether a function calls nothing and is short enough to be part of its callers' regions. */
  #isSmallLeaf(start: number): boolean {
    const seen = new Set<number>();
    const waiting = [start];
    for (let pc = waiting.pop(); pc !== undefined; pc = waiting.pop()) {
      let last: Found | undefined;
      for (;;) {
        if (seen.has(pc) || !this.source.hasRun(pc)) break;
        const op = this.#decode(pc, last);
        if (op === undefined || seen.size === LEAF_INSTRUCTIONS) return false;
        seen.add(pc);
        const { control } = ops[op.name];
        pc += op.length;
        last = op;
        if (control === undefined) continue;
        if (control !== "branch" && (links(op) || (op.goes < 0 && !isReturn(op)))) return false;
        if (op.goes >= 0) waiting.push(op.goes);
        if (control !== "branch") break;
      }
    }
    return seen.size > 0;
  }

  #decode(pc: number, last: Found | undefined): Found | undefined {
    const low = this.#fetch(pc);
    if (low < 0) return undefined;
    let bits = low;
    if (instructionLength(low) === 4) {
      const high = this.#fetch(pc + 2);
      if (high < 0) return undefined;
      bits |= high << 16;
    }
    lower(bits, -1, this.#scratch);
    const { name, length, a, b, c, d, immediate } = this.#scratch;
    if (INTERPRETED.has(name)) return undefined;
    const { control } = ops[name];
    let goes = -1;
    if (control === "branch" || control === "relative") goes = pc + immediate;
    else if (control === "jump" && last?.name === "auipc" && last.a === b) {
      // A far call: the two together name an address.
      const target = last.pc + last.immediate + immediate;
      // One below address 0 wraps around: no code of ours is there.
      if (target >= 0) goes = target - target % 2;
    }
    return { name, pc, length, a, b, c, d, immediate, goes };
  }

  #fetch(address: number): number {
    const page = address - address % PAGE_SIZE;
    if (!this.#pages.has(page) && this.#pages.size === REGION_LIMIT.pages) return -1;
    const half = this.source.half(address);
    if (half >= 0) this.#pages.add(page);
    return half;
  }

  /** Where each return goes if the calls of the region lead to it: addresses by its own. */
  #returns(): ReadonlyMap<number, readonly number[]> {
    const returns = new Map<number, number[]>();
    for (const call of this.#known.values()) {
      if (!links(call) || ops[call.name].control === undefined) continue;
      for (const at of this.#targetsOf(call).flatMap((target) => this.#returnsOf(target))) {
        const list = returns.get(at) ?? [];
        const next = call.pc + call.length;
        if (list.length < MOST_TARGETS && !list.includes(next)) list.push(next);
        returns.set(at, list);
      }
    }
    return returns;
  }

  /** Addresses of the returns of the function at an address, passing over what it calls. */
  #returnsOf(start: number): readonly number[] {
    const found: number[] = [];
    const seen = new Set<number>();
    const waiting = [start];
    for (let pc = waiting.pop(); pc !== undefined; pc = waiting.pop()) {
      const op = this.#known.get(pc);
      if (op === undefined || seen.has(pc)) continue;
      seen.add(pc);
      const { control } = ops[op.name];
      const next = pc + op.length;
      if (control === undefined || (control !== "branch" && links(op))) waiting.push(next);
      else if (control === "branch") waiting.push(next, op.goes);
      else if (op.goes >= 0) waiting.push(op.goes);
      else if (isReturn(op)) found.push(pc);
      else waiting.push(...this.#targetsOf(op));
    }
    return found;
  }

  #block(start: number, returns: ReadonlyMap<number, readonly number[]>): Block {
    const list: RegionOp[] = [];
    const none = { start, ops: list, taken: -1, next: -1, targets: [] };
    for (let pc = start;;) {
      const op = this.#known.get(pc);
      if (op === undefined) return { ...none, ending: "leave", next: pc };
      list.push(op);
      pc += op.length;
      const { control } = ops[op.name];
      if (control === "branch") return { ...none, ending: "branch", taken: op.goes, next: pc };
      // A far call's second half goes there only behind its first.
      const isKnown = control === "relative" || (op.goes >= 0 && list.length > 1);
      if (control !== undefined && isKnown) return { ...none, ending: "goto", taken: op.goes };
      if (control !== undefined) {
        const targets = op.goes >= 0
          ? [op.goes]
          : isReturn(op)
          ? returns.get(op.pc) ?? []
          : this.#targetsOf(op);
        return { ...none, ending: "indirect", targets };
      }
      if (this.#leaders.has(pc)) return { ...none, ending: "fall", next: pc };
    }
  }
}

/** Whether a jump by register returns from a function. */
export function isReturn(op: RegionOp): boolean {
  return !links(op) && (op.b === RA || op.b === T0);
}

/** Whether a jump leaves the address behind it in a register. */
const links = (op: RegionOp): boolean => op.a !== REGISTER.sink;
