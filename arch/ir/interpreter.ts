import {
  DECODE_SLOT,
  HART,
  JUMP_CACHE,
  OP,
  PAGE_SIZE,
  REGISTER,
  TLB_ENTRY,
  TLB_MIX,
  TLB_VALID,
} from "../machine/memory/layout.ts";
import { addMmu, pushTlbEntry } from "../machine/memory/mmu.ts";
import type { MmuFunctions } from "../machine/memory/mmu.ts";
import { addSv39Walk } from "../riscv64/walk.ts";
import { addFloatFunctions } from "./float/float_functions.ts";
import { InterpreterContext, LABEL } from "./interpreter_context.ts";
import type { InterpreterEnvironment, InterpreterLocals } from "./interpreter_context.ts";
import { isCommonOp } from "./common_ops.ts";
import { farOpNames, INTERNAL_OPCODE, OPCODE_COUNT, opcodeOf, opNames, ops } from "./ops.ts";
import type { OpName } from "./ops.ts";
import { REGION_EXPORTS, REGION_SIGNATURE } from "./region/compile_region.ts";
import type { FunctionBuilder } from "./wasm/function_builder.ts";
import { ModuleBuilder } from "./wasm/module_builder.ts";

/**
 * Dispatches per turn of the inner loop. V8 checks for interrupts at each backward branch, and a
 * second and third place to dispatch from also help the processor's branch predictor: four gave
 * 1.3 times the speed of one, eight little more for a longer compilation.
 */
const DISPATCHES = 4;

/** Set in the opcode of an op where a compiled region is entered. */
export const COMPILED = 0x8000;

/** Why a run ended. */
export const EXIT = { budget: 0, trap: 1 } as const;

/** Name of the module's imports. */
export const IMPORT_MODULE = "cpu";

const PC = REGISTER.pc * 8;
const FCSR = REGISTER.fcsr * 8;
const FFLAGS_MASK = 31;
const FRM_SHIFT = 5;
const FRM_MASK = 7;

/** Leaves the loop with the pc in `target` and the reason in the first scratch local. */
const EXIT_LABEL = "exit";

/**
 * Builds the interpreter's module. It depends on no machine: the layout comes in through imported
 * globals. Imports and exports are what `arch/machine/memory/cpu.ts` provides and uses. `fusedMultiplyAdd`
 * is what `hostFusesMultiplyAdd` answered; it changes no result.
 */
export function buildInterpreter(fusedMultiplyAdd = false): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder();
  const memoryPages = 65_536;
  m.importMemory(IMPORT_MODULE, "memory", memoryPages, memoryPages, true);
  const globals = {
    frameMapBase: m.importGlobal(IMPORT_MODULE, "frameMapBase", "i32", false),
    frameCount: m.importGlobal(IMPORT_MODULE, "frameCount", "i32", false),
    dirtyBase: m.importGlobal(IMPORT_MODULE, "dirtyBase", "i32", false),
    codeIndexBase: m.importGlobal(IMPORT_MODULE, "codeIndexBase", "i32", false),
  };
  m.importTable(IMPORT_MODULE, "regions", 0);
  const regionCells = {
    decodeBase: m.importGlobal(IMPORT_MODULE, "decodeBase", "i32", false),
    base: m.importGlobal(IMPORT_MODULE, "regionCellBase", "i32", false),
    often: m.importGlobal(IMPORT_MODULE, "often", "i32", false),
    type: m.type(...REGION_SIGNATURE),
  };
  const imports: DecodeImports = {
    decode: m.importFunction(IMPORT_MODULE, "decode", ["i32"], []),
    decodeCrossing: m.importFunction(IMPORT_MODULE, "decodeCrossing", ["i32", "i32"], []),
    newSlot: m.importFunction(IMPORT_MODULE, "newSlot", ["i32", "i32"], ["i32"]),
    bitsAt: m.importFunction(IMPORT_MODULE, "bitsAt", ["i32"], ["i32"]),
    codeWritten: m.importFunction(IMPORT_MODULE, "codeWritten", ["i32"], []),
    leftOften: m.importFunction(IMPORT_MODULE, "leftOften", ["i32"], []),
    wentOn: m.importFunction(IMPORT_MODULE, "wentOn", ["i32"], []),
    cells: regionCells,
    wanders: m.importFunction(IMPORT_MODULE, "wanders", ["i32"], []),
  };
  const frm = m.global("i32", true);
  const { fflagsAccrued, ...float } = addFloatFunctions(m, { fusedMultiplyAdd });
  const walk = addSv39Walk(m, globals);
  const mmu = addMmu(m, {
    ...globals,
    walk: walk.index,
    newSlot: imports.newSlot,
    codeWritten: imports.codeWritten,
    wanders: imports.wanders,
  });
  const mulhu = addHighProduct(m);
  const env = { mmu, bitsAt: imports.bitsAt, fflags: fflagsAccrued, frm };
  const run = addRun(m, env, { mulhu, float }, imports);
  m.exportFunction(run);
  addTranslate(m, walk);
  addZero(m);
  addUnlinked(m);
  m.export(REGION_EXPORTS.readable, "function", mmu.readable);
  m.export(REGION_EXPORTS.writable, "function", mmu.writable);
  m.export(REGION_EXPORTS.refillExec, "function", mmu.refillExec);
  m.export(REGION_EXPORTS.execMiss, "function", mmu.execMiss);
  m.export(REGION_EXPORTS.mulhu, "function", mulhu);
  m.export(REGION_EXPORTS.fflags, "global", env.fflags);
  m.export(REGION_EXPORTS.frm, "global", env.frm);
  for (const [name, index] of Object.entries(float)) m.export(name, "function", index);
  return m.build();
}

interface DecodeImports {
  readonly codeWritten: number;
  /** (hart): control often leaves a region for the instruction at the pc in the register slot. */
  readonly leftOften: number;
  /** (hart): a jump by register went from a region to another at the pc; called now and then. */
  readonly wentOn: number;
  /** (page cell): compiled code often accesses another page by it than before. */
  readonly wanders: number;
  readonly cells: {
    readonly decodeBase: number;
    readonly base: number;
    /** How often control leaves a region for an op until that is worth a look: a power of two. */
    readonly often: number;
    /** The type of a region's function. */
    readonly type: number;
  };
  readonly decode: number;
  readonly decodeCrossing: number;
  readonly newSlot: number;
  readonly bitsAt: number;
}

/** translate(hart, va low, va high, access) → linear page, 0 on a fault. Leaves the TLBs alone. */
function addTranslate(m: ModuleBuilder, walk: FunctionBuilder): void {
  const f = m.function("translate", ["i32", "i32", "i32", "i32"], ["i32"]);
  f.local_get(0).local_get(1).i64_extend_i32_u();
  f.local_get(2).i64_extend_i32_u().i64_const(32).i64_shl().i64_or();
  f.local_get(3).call(walk.index);
  m.exportFunction(f);
}

/** zero(linear address, bytes). The host's own fill of shared memory goes byte by byte. */
function addZero(m: ModuleBuilder): void {
  const f = m.function("zero", ["i32", "i32"], []);
  f.local_get(0).i32_const(0).local_get(1).memory_fill();
  m.exportFunction(f);
}

/**
 * What regions go on to while it is not known where: takes what they take, leaves the pc and the
 * exit that wants to be linked, and returns.
 */
function addUnlinked(m: ModuleBuilder): void {
  const f = m.function(REGION_EXPORTS.unlinked, ...REGION_SIGNATURE);
  const hart = 0, registers = 1, left = 2, pc = 3, cell = 4;
  f.local_get(registers).local_get(pc).i64_store(PC);
  f.local_get(hart).local_get(cell).i32_store(HART.leftBy).local_get(left);
  m.exportFunction(f);
}

/** (i64, i64) → i64: the high half of the unsigned product, from four 32-bit products. */
function addHighProduct(m: ModuleBuilder): number {
  const f = m.function("mulhu", ["i64", "i64"], ["i64"]);
  const x = 0, y = 1;
  const low = (local: number): void => void f.local_get(local).i64_const(0xffff_ffff).i64_and();
  const high = (local: number): void => void f.local_get(local).i64_const(32).i64_shr_u();
  const middle = f.local("i64"), cross = f.local("i64");
  high(x);
  low(y);
  f.i64_mul();
  low(x);
  low(y);
  f.i64_mul().i64_const(32).i64_shr_u().i64_add().local_set(middle);
  low(x);
  high(y);
  f.i64_mul();
  low(middle);
  f.i64_add().local_set(cross);
  high(x);
  high(y);
  f.i64_mul();
  high(middle);
  f.i64_add();
  high(cross);
  f.i64_add();
  return f.index;
}

function declareLocals(f: FunctionBuilder): InterpreterLocals {
  return {
    hart: 0,
    budget: 1,
    registers: f.local("i32"),
    ip: f.local("i32"),
    left: f.local("i32"),
    entry: f.local("i32"),
    address: f.local("i32"),
    scratch32: [f.local("i32"), f.local("i32"), f.local("i32")],
    pcBase: f.local("i64"),
    tag: f.local("i64"),
    mix: f.local("i32"),
    target: f.local("i64"),
    va: f.local("i64"),
    scratch64: [f.local("i64"), f.local("i64")],
  };
}

/**
 * run(hart, budget) → exit reason. Structure: an outer loop entered with a guest address in
 * `target`, which finds the decoded page; an inner loop that executes ops until one leaves the
 * page, traps or finds the budget used up. The budget is looked at before an instruction is
 * fetched, so that its end wins over any fault of the next instruction.
 */
function addRun(
  m: ModuleBuilder,
  env: InterpreterEnvironment,
  helpers: InterpreterContext["helpers"],
  imports: DecodeImports,
): FunctionBuilder {
  const f = m.function("run", ["i32", "i32"], ["i32"]);
  const locals = declareLocals(f);
  const context = new InterpreterContext(f, helpers, locals, env);
  const { left, target, scratch32: [reason] } = locals;

  enter(f, locals, env);
  f.block(EXIT_LABEL).block(LABEL.trap).loop(LABEL.jump);
  findDecodedPage(f, locals, env.mmu);
  f.loop(LABEL.next);
  // The first dispatch knows every op, the others only common ones.
  for (let place = 0; place < DISPATCHES; place++) {
    const last = place === DISPATCHES - 1;
    context.next = last ? LABEL.next : `dispatch${place + 1}`;
    f.block(last ? "" : context.next);
    charge(f, context);
    const bodies = place === 0 ? allBodies(context, imports, env.mmu) : commonBodies(context);
    dispatch(f, context, bodies, () => enterRegion(f, context, env.mmu, imports));
    f.end();
  }
  f.end().end(); // next, jump: unreachable
  f.unreachable();
  f.end(); // trap
  context.pc();
  f.local_set(target).local_get(left).i32_const(1).i32_add().local_set(left);
  f.i32_const(EXIT.trap).local_set(reason);
  f.end(); // exit
  leave(f, locals, env);
  f.local_get(reason);
  return f;
}

function enter(f: FunctionBuilder, locals: InterpreterLocals, env: InterpreterEnvironment): void {
  const { hart, budget, registers, left, tag, mix, target } = locals;
  f.local_get(hart).i32_load(HART.registers).local_set(registers);
  f.local_get(hart).i64_load32_u(HART.asid).i64_const(TLB_VALID).i64_or().local_set(tag);
  f.local_get(hart).i32_load(HART.asid).i32_const(TLB_MIX).i32_mul().local_set(mix);
  // The kernel may have put any number there; like sepc it has no bit 0.
  f.local_get(registers).i64_load(PC).i64_const(-2).i64_and().local_set(target);
  f.local_get(registers).i32_load(FCSR).i32_const(FFLAGS_MASK).i32_and().global_set(env.fflags);
  f.local_get(registers).i32_load(FCSR).i32_const(FRM_SHIFT).i32_shr_u();
  f.i32_const(FRM_MASK).i32_and().global_set(env.frm);
  f.local_get(budget).local_set(left);
  f.local_get(hart).local_get(budget).i32_store(HART.interpretedFrom);
  f.local_get(hart).i32_const(0).i32_store(HART.enteredWith);
  f.local_get(hart).local_get(target).i64_store(HART.startedAt);
}

function leave(f: FunctionBuilder, locals: InterpreterLocals, env: InterpreterEnvironment): void {
  const { hart, budget, registers, left, target } = locals;
  f.local_get(registers).local_get(target).i64_store(PC);
  f.local_get(registers).global_get(env.frm).i32_const(FRM_SHIFT).i32_shl();
  f.global_get(env.fflags).i32_or().i64_extend_i32_u().i64_store(FCSR);
  f.local_get(budget).local_get(left).i32_sub().local_set(left);
  f.local_get(hart).local_get(left).i32_store(HART.executed);
  f.local_get(hart).local_get(hart).i64_load(HART.retired);
  f.local_get(left).i64_extend_i32_u().i64_add().i64_store(HART.retired);
}

/** Pushes whether the exec TLB holds the page of local `va`, and leaves the entry in `entry`. */
function execHits(f: FunctionBuilder, locals: InterpreterLocals, va: number): void {
  pushTlbEntry(f, locals.hart, va, () => f.local_get(locals.mix));
  f.local_tee(locals.entry).i64_load(HART.execTlb + TLB_ENTRY.tag);
  f.local_get(va).i64_const(-PAGE_SIZE).i64_and().local_get(locals.tag).i64_or().i64_eq();
}

/** Sets `ip` and `pcBase` for the guest address in `target`, or leaves the run. */
function findDecodedPage(f: FunctionBuilder, locals: InterpreterLocals, mmu: MmuFunctions): void {
  const { hart, left, target, entry, address, ip, pcBase, scratch32: [reason] } = locals;
  f.local_get(left).i32_eqz().hint(false).if_();
  f.i32_const(EXIT.budget).local_set(reason).br(EXIT_LABEL).end();
  execHits(f, locals, target);
  f.hint(true).if_("", "i32").local_get(entry).i32_load(HART.execTlb + TLB_ENTRY.slot).else_();
  f.local_get(hart).local_get(target).i32_const(0).call(mmu.execMiss).local_tee(address);
  f.i32_eqz().if_().i32_const(EXIT.trap).local_set(reason).br(EXIT_LABEL).end();
  f.local_get(address).end().local_set(address);
  f.local_get(target).i32_wrap_i64().i32_const(PAGE_SIZE - 1).i32_and().i32_const(3).i32_shl();
  f.local_get(address).i32_add().local_set(ip);
  f.local_get(target).local_get(ip).i32_const(3).i32_shr_u().i64_extend_i32_u().i64_sub();
  f.local_set(pcBase);
}

/** Takes one instruction from the budget, or leaves the run. */
function charge(f: FunctionBuilder, context: InterpreterContext): void {
  const { left, target, scratch32: [reason] } = context.locals;
  f.local_get(left).i32_eqz().hint(false).if_();
  context.pc();
  f.local_set(target).i32_const(EXIT.budget).local_set(reason).br(EXIT_LABEL).end();
  f.local_get(left).i32_const(1).i32_sub().local_set(left);
}

/** Code of ops by opcode; each leaves by a branch. */
type Bodies = ReadonlyMap<number, () => void>;

function allBodies(
  context: InterpreterContext,
  imports: DecodeImports,
  mmu: MmuFunctions,
): Bodies {
  const { f, locals } = context;
  const bodies = new Map<number, () => void>([
    [INTERNAL_OPCODE.undecoded, () => emitUndecoded(f, locals, imports)],
    [INTERNAL_OPCODE.pageEnd, () => emitPageEnd(f, context)],
    [INTERNAL_OPCODE.pageCrossing, () => emitPageCrossing(f, context, imports, mmu)],
  ]);
  addBodies(bodies, context, () => true);
  return bodies;
}

function commonBodies(context: InterpreterContext): Bodies {
  const bodies = new Map<number, () => void>();
  addBodies(bodies, context, isCommonOp);
  return bodies;
}

function addBodies(
  bodies: Map<number, () => void>,
  context: InterpreterContext,
  wanted: (name: OpName) => boolean,
): void {
  for (const name of opNames) {
    if (wanted(name)) bodies.set(opcodeOf(name), () => emitOp(context, name, false));
  }
  for (const name of farOpNames) {
    if (wanted(name)) bodies.set(opcodeOf(name, true), () => emitOp(context, name, true));
  }
}

/**
 * The `br_table`, and behind it the bodies; ops without one go back to the full table. That one
 * also knows ops that are compiled: `compiled` enters them, and falls through when the op at `ip`
 * must be interpreted nevertheless.
 */
function dispatch(
  f: FunctionBuilder,
  context: InterpreterContext,
  bodies: Bodies,
  compiled: () => void,
): void {
  const { ip, left } = context.locals;
  const targets = Array.from(
    { length: OPCODE_COUNT },
    (_, opcode) => bodies.has(opcode) ? `op${opcode}` : "other",
  );
  f.block("other");
  for (const name of [...targets].reverse()) if (name !== "other") f.block(name);
  const isFull = bodies.size === OPCODE_COUNT;
  if (isFull) {
    f.block("compiled").local_get(ip).i32_load16_u(OP.code).br_table(targets, "compiled").end();
    compiled();
    f.local_get(ip).i32_load16_u(OP.code).i32_const(COMPILED - 1).i32_and();
  } else {
    f.local_get(ip).i32_load16_u(OP.code);
  }
  f.br_table(targets, "other");
  for (let opcode = 0; opcode < OPCODE_COUNT; opcode++) {
    const body = bodies.get(opcode);
    if (body === undefined) continue;
    f.end();
    body();
  }
  f.end();
  if (isFull) {
    f.unreachable();
  } else {
    refund(f, left);
    f.br(LABEL.next);
  }
}

function emitOp(context: InterpreterContext, name: OpName, far: boolean): void {
  const { f, locals: { ip } } = context;
  const spec = ops[name];
  context.far = far;
  spec.emit(context);
  context.far = false;
  // Near branches and jumps have gone; what comes here falls through to the next instruction.
  f.local_get(ip).local_get(ip).i32_load16_u(OP.next).i32_add().local_set(ip).br(context.next);
}

/** Internal ops are no instructions: they give their budget back. */
function refund(f: FunctionBuilder, left: number): void {
  f.local_get(left).i32_const(1).i32_add().local_set(left);
}

/** Leaves the address of the cell that belongs to the op at `ip`. */
function pushCell(f: FunctionBuilder, ip: number, cells: DecodeImports["cells"]): void {
  f.local_get(ip).global_get(cells.decodeBase).i32_sub().i32_const(2).i32_shr_u();
  f.global_get(cells.base).i32_add();
}

/**
 * Runs the region at `ip`, and those that control goes on to, until an op is reached that is not
 * compiled, or that must be interpreted: then it falls through, that op charged for.
 */
function enterRegion(
  f: FunctionBuilder,
  context: InterpreterContext,
  mmu: MmuFunctions,
  imports: DecodeImports,
): void {
  const { hart, registers, left, ip, target, address, scratch32: [result] } = context.locals;
  const { cells } = imports;
  refund(f, left);
  context.pc();
  f.local_set(target);
  f.local_get(hart).i32_load(HART.enteredWith).i32_eqz().hint(false).if_();
  f.local_get(hart).local_get(left).i32_store(HART.enteredWith).end();
  f.loop("region");
  f.local_get(hart).i32_const(0).i32_store(HART.leftBy);
  f.local_get(hart).local_get(registers).local_get(left).local_get(target).i32_const(0);
  pushCell(f, ip, cells);
  f.i32_load().call_indirect(cells.type).local_tee(result);
  // Nothing has run: the region is that of another address, or is not to be entered now.
  f.local_get(left).i32_eq().if_().local_get(result).i32_const(-1).i32_xor().local_set(result);
  f.end();
  f.local_get(registers).i64_load(PC).local_set(target);
  // What is left, or its complement when the next instruction must be interpreted.
  f.local_get(result).local_get(result).i32_const(31).i32_shr_s().i32_xor().local_set(left);
  f.local_get(hart).local_get(left).i32_store(HART.interpretedFrom);
  findDecodedPage(f, context.locals, mmu);
  f.local_get(result).i32_const(0).i32_ge_s().if_();
  f.local_get(ip).i32_load16_u(OP.code).i32_const(COMPILED).i32_and().if_();
  link(f, context, imports);
  f.br("region").end();
  pushCell(f, ip, cells);
  f.local_tee(address).local_get(address).i32_load().i32_const(1).i32_add().local_tee(result);
  f.i32_store();
  f.local_get(result).global_get(cells.often).i32_const(1).i32_sub().i32_and().i32_eqz().if_()
    .local_get(hart);
  f.call(imports.leftOften).end();
  f.end();
  f.end();
  f.local_get(left).i32_const(1).i32_sub().local_set(left);
}

/** Leads the exit that a region was left by to the region at `ip`. */
function link(f: FunctionBuilder, context: InterpreterContext, imports: DecodeImports): void {
  const { hart, ip, address } = context.locals;
  f.local_get(hart).i32_load(HART.leftBy).local_tee(address).if_();
  f.local_get(address);
  pushCell(f, ip, imports.cells);
  f.i32_load().i32_store();
  f.local_get(address).i32_const(JUMP_CACHE.base + JUMP_CACHE.bytes).i32_lt_u().if_();
  f.local_get(hart).call(imports.wentOn).end();
  f.end();
}

function emitUndecoded(
  f: FunctionBuilder,
  locals: InterpreterLocals,
  imports: DecodeImports,
): void {
  refund(f, locals.left);
  f.local_get(locals.ip).call(imports.decode).br(LABEL.next);
}

function emitPageEnd(f: FunctionBuilder, context: InterpreterContext): void {
  refund(f, context.locals.left);
  context.pc();
  f.local_set(context.locals.target).br(LABEL.jump);
}

/**
 * An instruction in two pages. The op's immediate holds its first halfword; the second is fetched
 * anew each time through the next page, because that may change without this page knowing. The
 * decoded form is kept beside the bits it came from.
 */
function emitPageCrossing(
  f: FunctionBuilder,
  context: InterpreterContext,
  imports: DecodeImports,
  mmu: MmuFunctions,
): void {
  const { locals } = context;
  const { hart, ip, left, va, entry, address, target, pcBase, scratch32: [bits] } = locals;
  const slotOf = (): void => void f.local_get(ip).i32_const(DECODE_SLOT.sentinel - 16).i32_sub();
  context.pc();
  f.local_tee(target).i64_const(2).i64_add().local_set(va);
  execHits(f, locals, va);
  f.i32_eqz().if_().local_get(hart).local_get(va);
  slotOf();
  f.call(mmu.execMiss).i32_eqz().br_if(LABEL.trap).end();
  refund(f, left);
  f.local_get(entry).i32_load(HART.execTlb + TLB_ENTRY.linearPage).i32_const(12).i32_shl();
  f.i32_load16_u().i32_const(16).i32_shl();
  context.immediate32();
  f.i32_or().local_set(bits);

  slotOf();
  f.local_tee(address).i32_load(DECODE_SLOT.crossingBits).local_get(bits).i32_ne().if_();
  f.local_get(bits).local_get(address).call(imports.decodeCrossing).end();
  f.local_get(address).i32_const(DECODE_SLOT.crossing).i32_add().local_set(ip);
  f.local_get(target).local_get(ip).i32_const(3).i32_shr_u().i64_extend_i32_u().i64_sub();
  f.local_set(pcBase).br(LABEL.next);
}
