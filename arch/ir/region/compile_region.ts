import { MACHINE_CELL, PAGE_CELL, REGION_DATA, REGISTER } from "../../machine/memory/layout.ts";
import { FLOAT_SIGNATURES, OPERAND_TYPES } from "../float/signatures.ts";
import type { FloatFunctionName } from "../float/signatures.ts";
import type { OpHelpers } from "../op_context.ts";
import { ops } from "../ops.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";
import { ModuleBuilder } from "../wasm/module_builder.ts";
import { type AccessGroup, accessGroups } from "./access_groups.ts";
import { analyseFlow } from "./control_flow.ts";
import type { ControlFlow, Edge } from "./control_flow.ts";
import { hasInlineFloat, inlineFloat } from "./inline_float.ts";
import type { Block, Region, RegionOp } from "./region.ts";
import { DYNAMIC, isFloat, OUT, RegionContext } from "./region_context.ts";
import type { RegionEnvironment, RegionLocals } from "./region_context.ts";
import { registerFlow } from "./register_flow.ts";
import type { RegisterFlow } from "./register_flow.ts";

/** Name of a region module's imports: what the interpreter's module exports. */
export const REGION_IMPORTS = "cpu";

/** Parameters and results of a region's function: see `compileRegion`. */
export const REGION_SIGNATURE = [["i32", "i32", "i32", "i64", "i32"], ["i32"]] as const;

/** The functions and globals a region's module imports beside the float functions. */
export const REGION_EXPORTS = {
  regions: "regions",
  unlinked: "unlinked",
  readable: "readable",
  writable: "writable",
  refillExec: "refillExec",
  execMiss: "execMiss",
  mulhu: "mulhu",
  fflags: "fflags",
  frm: "frm",
} as const;

/** A page of a region, and the decode slot (linear address) its code was read with. */
export interface RegionPage {
  readonly address: number;
  readonly slot: number;
}

const floatNames = Object.keys(FLOAT_SIGNATURES) as FloatFunctionName[];
const floatNameSet: ReadonlySet<string> = new Set(floatNames);
const PC = REGISTER.pc * 8;
const REFILL_SIGNATURE = [["i32", "i64", "i32", "i32", "i32"], ["i32"]] as const;

/** A compiled region. */
export interface CompiledRegion {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Guest addresses of the ops that use each of its page cells. */
  readonly cellOps: readonly (readonly number[])[];
  /** Linear address of the first, and how many bytes it keeps in memory altogether. */
  readonly pageCells: number;
  readonly dataBytes: number;
}

/** What a region is compiled with, and for. */
export interface CompileOptions {
  /** Whether `f64x2.relaxed_madd` rounds once on this host. */
  readonly fused: boolean;
  /** Linear address of what the region keeps, `mostDataBytes` at most. */
  readonly data: number;
  /** Whether the op at a guest address seldom accesses the page it accessed before. */
  wanders(pc: number): boolean;
}

/** At most so many bytes a region keeps in memory. */
export function mostDataBytes(region: Region): number {
  return pageCellsOffset(region) + 2 * PAGE_CELL.bytes * region.instructions;
}

/** Where page cells begin in what a region keeps: behind two exits for each block. */
function pageCellsOffset(region: Region): number {
  return REGION_DATA.exits + 8 * region.blocks.length;
}

/**
 * Compiles a region to a module that exports `region(hart, registers, left, pc, cell)`: it executes
 * guest code from `pc`, which must be its entry, until control leaves it or fewer than a block's
 * instructions are left, and goes on to the region where control leads, as far as it knows that.
 * The last region leaves the pc in the register slot, and returns what is left of the budget, or -1
 * less that when the interpreter must execute the next instruction. `cell` is the linear address of
 * the exit that led here, 0 for the interpreter; where it led to the wrong region or to none, it
 * is left in the hart block.
 *
 * @param pages the region's pages in its order; the code runs only while the hart's exec TLB, or a
 * walk, leads to the same slots
 */
export function compileRegion(
  region: Region,
  pages: readonly RegionPage[],
  options: CompileOptions,
): CompiledRegion {
  const { fused, data } = options;
  const m = new ModuleBuilder();
  m.importMemory(REGION_IMPORTS, "memory", 65_536, 65_536, true);
  m.importTable(REGION_IMPORTS, REGION_EXPORTS.regions, 0);
  const used = usedFloatFunctions(region);
  const env = {
    fused,
    wanders: (pc: number) => options.wanders(pc),
    fflags: m.importGlobal(REGION_IMPORTS, REGION_EXPORTS.fflags, "i32", true),
    frm: m.importGlobal(REGION_IMPORTS, REGION_EXPORTS.frm, "i32", true),
    regionType: m.type(...REGION_SIGNATURE),
    unlinked: m.importFunction(REGION_IMPORTS, REGION_EXPORTS.unlinked, ...REGION_SIGNATURE),
    readable: m.importFunction(REGION_IMPORTS, REGION_EXPORTS.readable, ...REFILL_SIGNATURE),
    writable: m.importFunction(REGION_IMPORTS, REGION_EXPORTS.writable, ...REFILL_SIGNATURE),
    refillExec: m.importFunction(REGION_IMPORTS, REGION_EXPORTS.refillExec, ["i32", "i64", "i32"], [
      "i32",
    ]),
  };
  const mulhu = m.importFunction(REGION_IMPORTS, REGION_EXPORTS.mulhu, ["i64", "i64"], ["i64"]);
  const float: Record<string, number> = {};
  for (const name of used) {
    const { operands, result } = FLOAT_SIGNATURES[name];
    float[name] = m.importFunction(
      REGION_IMPORTS,
      name,
      operands.map((kind) => OPERAND_TYPES[kind]),
      [OPERAND_TYPES[result]],
    );
  }
  const f = m.function("region", ...REGION_SIGNATURE);
  const cellOps = new RegionEmitter(f, region, pages, { mulhu, float }, env, data).emit();
  m.exportFunction(f);
  const offset = pageCellsOffset(region);
  const dataBytes = offset + cellOps.length * PAGE_CELL.bytes;
  return { bytes: m.build(), cellOps, pageCells: data + offset, dataBytes };
}

function usedFloatFunctions(region: Region): readonly FloatFunctionName[] {
  const used = new Set<string>();
  for (const block of region.blocks) for (const op of block.ops) used.add(op.name);
  const direct = floatNames.filter((name) => used.has(name));
  return direct.length === 0 ? [] : [...new Set([...direct, "box_s", "unbox_s"] as const)];
}

interface EmitterEnvironment extends RegionEnvironment {
  readonly refillExec: number;
  /** Takes what regions take, and returns to the interpreter for one to be found. */
  readonly unlinked: number;
}

/** Emits the one function of a region. */
class RegionEmitter {
  readonly #f: FunctionBuilder;
  readonly #region: Region;
  readonly #pages: readonly RegionPage[];
  readonly #env: EmitterEnvironment;
  readonly #locals: RegionLocals;
  readonly #context: RegionContext;
  readonly #flow: ControlFlow;
  readonly #registers: RegisterFlow;
  readonly #blockAt = new Map<number, number>();
  readonly #groups: readonly (readonly AccessGroup[])[];
  readonly #selector: number;
  readonly #usesFloat: boolean;
  readonly #roundsDynamically: boolean;

  constructor(
    f: FunctionBuilder,
    region: Region,
    pages: readonly RegionPage[],
    helpers: OpHelpers,
    env: EmitterEnvironment,
    private readonly data: number,
  ) {
    this.#f = f;
    this.#region = region;
    this.#pages = pages;
    this.#env = env;
    region.blocks.forEach((block, index) => this.#blockAt.set(block.start, index));
    this.#flow = analyseFlow(region.blocks.map((block) => this.#successors(block)));
    this.#registers = registerFlow(region.blocks, this.#flow);
    this.#locals = {
      hart: 0,
      registers: 1,
      left: 2,
      pc: 3,
      cell: 4,
      dirty: f.local("i64"),
      address: f.local("i32"),
      scratch32: [f.local("i32"), f.local("i32"), f.local("i32")],
      va: f.local("i64"),
      scratch64: [f.local("i64"), f.local("i64")],
      result: f.local("f64"),
      inexact: f.local("i32"),
    };
    this.#selector = f.local("i32");
    this.#groups = region.blocks.map(accessGroups);
    const all = region.blocks.flatMap((block) => block.ops);
    this.#usesFloat = all.some((op) => hasInlineFloat(op.name));
    this.#roundsDynamically = all.some((op) => hasInlineFloat(op.name) && op.immediate === DYNAMIC);
    const exits = data + REGION_DATA.exits, pageCells = data + pageCellsOffset(region);
    this.#context = new RegionContext(f, helpers, this.#locals, env, exits, pageCells);
    for (const group of this.#groups.flat()) this.#context.expectGroup(group);
    for (const block of region.blocks) {
      for (const op of block.ops) {
        const { shape } = ops[op.name];
        for (const operand of ["a", "b", "c", "d"] as const) {
          if (shape.includes(operand)) this.#context.declare(op[operand]);
        }
      }
    }
  }

  /** Emits it all; returns what ops use each page cell. */
  emit(): readonly (readonly number[])[] {
    this.#guard();
    if (this.#usesFloat) this.#context.refreshInexact();
    this.#f.block(OUT);
    this.#tree(this.#flow.root);
    this.#f.end();
    this.#leave();
    return this.#context.cellOps;
  }

  /** The blocks of the region that a block goes to: where it jumps first, then where it falls. */
  #successors(block: Block): number[] {
    const targets = block.ending === "branch"
      ? [block.taken, block.next]
      : block.ending === "goto"
      ? [block.taken]
      : block.ending === "fall"
      ? [block.next]
      : block.targets;
    return targets.map((pc) => this.#blockAt.get(pc)).filter((n) => n !== undefined);
  }

  /** Refuses when the entry is another address, or a page no longer leads to the code compiled. */
  #guard(): void {
    const f = this.#f, { hart, registers, left, pc, cell } = this.#locals;
    f.local_get(pc).i64_const(this.#region.entry).i64_ne().hint(false).if_();
    f.local_get(hart).local_get(registers).local_get(left).local_get(pc).local_get(cell);
    f.return_call(this.#env.unlinked).end();
    if (this.#roundsDynamically) {
      // No instruction of a region writes frm.
      f.global_get(this.#env.frm).hint(false).if_();
      this.#refuse();
      f.end();
    }
    f.i32_const(0).i64_load(this.data + REGION_DATA.epoch);
    f.i32_const(0).i64_load(MACHINE_CELL.epoch).i64_ne().hint(false).if_();
    this.#beginEpoch();
    f.end();
  }

  /** Translations may be others than before: looks at the code's pages, forgets those of data. */
  #beginEpoch(): void {
    const f = this.#f, { hart } = this.#locals, { data } = this;
    for (const { address, slot } of this.#pages) {
      f.local_get(hart).i64_const(address).i32_const(slot).call(this.#env.refillExec).i32_eqz();
      f.if_();
      this.#refuse();
      f.end();
    }
    f.i32_const(0).i32_load(data + REGION_DATA.pageCells).i32_const(0);
    f.i32_const(0).i32_load(data + REGION_DATA.pageCellBytes).memory_fill();
    f.i32_const(0).i32_const(0).i64_load(MACHINE_CELL.epoch).i64_store(data + REGION_DATA.epoch);
  }

  #refuse(): void {
    const f = this.#f, { registers, left, pc } = this.#locals;
    f.local_get(registers).local_get(pc).i64_store(PC);
    f.local_get(left).i32_const(-1).i32_xor().return_();
  }

  /** The interpreter must execute the instruction at the address in the pc local. */
  #leave(): void {
    this.#context.storeDirty();
    const f = this.#f, { registers, left, pc } = this.#locals;
    f.local_get(registers).local_get(pc).i64_store(PC);
    f.local_get(left).i32_const(-1).i32_xor();
  }

  /** A node and everything it dominates (after Ramsey, "Beyond Relooper", 2022). */
  #tree(node: number): void {
    const { isLoop, isJoin, children } = this.#flow;
    if (isLoop[node] === 1) this.#f.loop(`loop ${node}`);
    this.#within(node, children[node]!.filter((child) => isJoin[child] === 1), 0);
    if (isLoop[node] === 1) this.#f.end();
  }

  #within(node: number, joins: readonly number[], at: number): void {
    if (at < joins.length) {
      this.#f.block(`join ${joins[at]}`);
      this.#within(node, joins, at + 1);
      this.#f.end();
      this.#tree(joins[at]!);
      return;
    }
    this.#context.loadRegisters(this.#registers.loads[node]!);
    if (this.#flow.nodes[node]!.isDispatch) this.#dispatch(node);
    else this.#block(node);
  }

  #dispatch(node: number): void {
    const f = this.#f, { edges } = this.#flow.nodes[node]!;
    if (edges.length === 1) return this.#follow(node, edges[0]!);
    const labels = edges.map((_, n) => `arm ${node} ${n}`);
    for (const label of [...labels].reverse()) f.block(label);
    f.local_get(this.#selector).br_table(labels, labels[0]!);
    for (const edge of edges) {
      f.end();
      this.#follow(node, edge);
    }
  }

  #block(node: number): void {
    const f = this.#f, context = this.#context, { left } = this.#locals;
    const block = this.#region.blocks[node]!;
    const count = block.ops.length;
    context.beginBlock(this.#registers.dirty[node]!);
    f.local_get(left).i32_const(count).i32_sub().local_tee(left).i32_const(0).i32_lt_s();
    f.hint(false).if_();
    f.local_get(left).i32_const(count).i32_add().local_set(left);
    context.interpretAt(block.start);
    f.end();
    const last = count - (ops[block.ops[count - 1]!.name].control === undefined ? 0 : 1);
    const groups = this.#groups[node]!;
    context.groups = groups;
    if (groups.length > 0) {
      f.block("done").block("apart");
      context.testGroups(block, "apart");
      context.enterGroups();
      this.#ops(block, 0, last);
      context.settle();
      context.leaveGroups();
      f.br("done").end();
      this.#ops(block, 0, last);
      context.settle();
      f.end();
    } else {
      this.#ops(block, 0, last);
      context.settle();
    }
    this.#ops(block, last, count);
    switch (block.ending) {
      case "branch":
        f.if_();
        this.#goto(node, block.taken, 0);
        f.end();
        this.#goto(node, block.next, this.#blockAt.has(block.taken) ? 1 : 0);
        break;
      case "goto":
        this.#goto(node, block.taken, 0);
        break;
      case "fall":
        this.#goto(node, block.next, 0);
        break;
      case "leave":
        context.leaveFor(block.next, this.#dirtyBehind(node));
        break;
      case "indirect":
        this.#tryTargets(node, block);
        break;
    }
  }

  /** The registers that may differ from memory behind a block. */
  #dirtyBehind(node: number): bigint {
    return this.#registers.dirty[node]! | this.#registers.defines[node]!;
  }

  /** The address is in the pc local: goes to the targets in the region by comparing. */
  #tryTargets(node: number, block: Block): void {
    const f = this.#f, { pc } = this.#locals;
    block.targets.filter((target) => this.#blockAt.has(target)).forEach((target, edge) => {
      f.local_get(pc).i64_const(target).i64_eq().if_();
      this.#goto(node, target, edge);
      f.end();
    });
    this.#context.leaveByJump(block.ops.at(-1)!.pc, this.#dirtyBehind(node));
  }

  #ops(block: Block, from: number, to: number): void {
    for (let index = from; index < to; index++) {
      this.#context.begin(block, index);
      this.#op(block.ops[index]!);
    }
  }

  #op(op: RegionOp): void {
    if (op.name === "ld" && isFloat(op.a)) return this.#context.loadF64();
    if (op.name === "sd" && isFloat(op.c)) return this.#context.storeF64();
    const exact = (): void => {
      ops[op.name].emit(this.#context);
      if (this.#usesFloat && floatNameSet.has(op.name)) this.#context.refreshInexact();
    };
    if (!inlineFloat(op.name, this.#context, exact)) exact();
  }

  /** Goes to a guest address: the edge at a position of the node if it lies in the region. */
  #goto(node: number, pc: number, edge: number): void {
    if (this.#blockAt.has(pc)) this.#follow(node, this.#flow.nodes[node]!.edges[edge]!);
    else this.#context.leaveFor(pc, this.#dirtyBehind(node));
  }

  #follow(node: number, { to, select }: Edge): void {
    const f = this.#f, { order, isJoin } = this.#flow;
    if (select >= 0) f.i32_const(select).local_set(this.#selector);
    if (order[to]! <= order[node]!) f.br(`loop ${to}`);
    else if (isJoin[to] === 1) f.br(`join ${to}`);
    else this.#tree(to);
  }
}
