import { pushTlbHit, pushTranslated } from "../../machine/memory/mmu.ts";
import { HART, JUMP_CACHE, PAGE_CELL, REGISTER } from "../../machine/memory/layout.ts";
import type { OpContext, Operand, OpHelpers } from "../op_context.ts";
import { pushIsReserved, reserve } from "../reservation.ts";
import type { FunctionBuilder } from "../wasm/function_builder.ts";
import type { AccessGroup } from "./access_groups.ts";
import type { InlineFloatContext } from "./inline_float.ts";
import type { Block, RegionOp } from "./region.ts";
import { registersOf, written } from "./register_flow.ts";

/** The label behind which a region stores its registers and returns. */
export const OUT = "out";

/** Function and global indexes of a region's module. */
export interface RegionEnvironment {
  /**
   * (hart, va, size, page cell, bytes of the cell's widest group) → linear address, 0 for whatever
   * the interpreter must see to. Fills the cell.
   */
  readonly readable: number;
  readonly writable: number;
  /** The type of regions' functions. */
  readonly regionType: number;
  readonly fflags: number;
  readonly frm: number;
  /** Whether `f64x2.relaxed_madd` rounds once on this host. */
  readonly fused: boolean;
  /** Whether the op at a guest address seldom accesses the page it accessed before. */
  wanders(pc: number): boolean;
}

/** Parameters of a region's function, then its fixed locals. */
export interface RegionLocals {
  /** i32: linear addresses of the hart block and of the register slot. */
  readonly hart: number;
  readonly registers: number;
  /** i32: instructions that may still run. */
  readonly left: number;
  /** i64: where execution goes on when the region is left. */
  readonly pc: number;
  /** i32: the exit that led here. */
  readonly cell: number;
  /** i64: the registers to store when the interpreter must execute the next instruction. */
  readonly dirty: number;
  readonly va: number;
  readonly address: number;
  readonly scratch32: readonly [number, number, number];
  readonly scratch64: readonly [number, number];
  /** f64 scratch, and i32: whether NX has accrued. */
  readonly result: number;
  readonly inexact: number;
}

/**
 * The page an address register led to last, for one kind of access: where its fields are in linear
 * memory (see `PAGE_CELL`). Not in locals, because what only the slow path sets would cost the fast
 * path register moves, and because it is still true when the region is entered again.
 */
interface PageCell {
  readonly at: number;
  /** Guest addresses of the ops that access memory by it. */
  readonly ops: Set<number>;
  /** Bytes of the widest group of accesses by the register, 0 without groups. */
  readonly widest: number;
}

// Rounding modes as the rm field encodes them (unprivileged manual, "F", table of modes).
const NEAREST = 0;
const TO_ZERO = 1;
export const DYNAMIC = 7;

/**
 * Op semantics with registers in WebAssembly locals and constants for all else. Whatever is rare —
 * a fault, a page crossing, a store to code, a reserved rounding mode — leaves the region before
 * the instruction has had any effect, and the interpreter executes it.
 */
export class RegionContext implements OpContext, InlineFloatContext {
  readonly fflags: number;
  readonly frm: number;
  readonly fused: boolean;
  readonly inexact: number;
  readonly result: number;
  readonly #registerLocals = new Map<number, number>();
  readonly #pages = new Map<string, PageCell>();
  /** Registers whose value is in their i32 local, to be sign-extended; the i64 one is stale. */
  readonly #words = new Set<number>();
  readonly #wordLocals = new Map<number, number>();
  #op!: RegionOp;
  #block!: Block;
  #index = 0;
  /** Registers that may differ from memory: before the block, and before the current op. */
  #dirtyBefore = 0n;
  #dirty = 0n;
  #exits = 0;
  /** What registers set in this block are known by, for their pages. */
  readonly #origin = new Map<number, string>();
  /** Widest group by the key of its pages. */
  readonly #widest = new Map<string, number>();
  /** i32 locals with the linear address of a group's lowest byte, in the order of the groups. */
  readonly #groupLocals: number[] = [];
  /** The groups of the block under way, and whether their test has succeeded. */
  groups: readonly AccessGroup[] = [];
  #areTested = false;

  constructor(
    readonly f: FunctionBuilder,
    readonly helpers: OpHelpers,
    readonly locals: RegionLocals,
    readonly env: RegionEnvironment,
    /** Linear addresses of the region's exits, and of its page cells. */
    readonly exitCells: number,
    readonly pageCells: number,
  ) {
    this.fflags = env.fflags;
    this.frm = env.frm;
    this.fused = env.fused;
    this.inexact = locals.inexact;
    this.result = locals.result;
  }

  /** Declares a register's local ahead of the code. */
  declare(register: number): void {
    if (register === REGISTER.x0 || register === REGISTER.sink) return;
    if (this.#registerLocals.has(register)) return;
    this.#registerLocals.set(register, this.f.local(isFloat(register) ? "f64" : "i64"));
  }

  /** Brings registers from memory into their locals. */
  loadRegisters(mask: bigint): void {
    const { f } = this, { registers } = this.locals;
    for (const register of registersOf(mask)) {
      f.local_get(registers);
      if (isFloat(register)) f.f64_load(register * 8);
      else f.i64_load(register * 8);
      f.local_set(this.local(register));
    }
  }

  #storeRegister(register: number): void {
    const { f } = this, { registers } = this.locals;
    f.local_get(registers).local_get(this.local(register));
    if (isFloat(register)) f.f64_store(register * 8);
    else f.i64_store(register * 8);
  }

  /** Stores the registers that the way here has written, as `dirty` says; the way out of all. */
  storeDirty(): void {
    const { f } = this, { dirty } = this.locals;
    for (const register of this.#registerLocals.keys()) {
      f.local_get(dirty).i64_const(BigInt.asIntN(64, 1n << BigInt(register))).i64_and().i64_eqz();
      f.i32_eqz().if_();
      this.#storeRegister(register);
      f.end();
    }
  }

  /** Begins a block: registers of the mask may differ from memory. */
  beginBlock(dirty: bigint): void {
    this.#dirtyBefore = dirty;
    this.#dirty = dirty;
  }

  /** Says that a group will be tested for; to be told of all before code is emitted. */
  expectGroup(group: AccessGroup): void {
    const key = groupKey(group);
    this.#widest.set(key, Math.max(this.#widest.get(key) ?? 0, group.span));
  }

  /** Goes to a label unless all groups lie in the pages their registers led to before. */
  testGroups(block: Block, otherwise: string): void {
    const { f } = this;
    this.#block = block;
    this.groups.forEach((group, n) => {
      if (this.#groupWanders(group)) return this.#translateGroup(group, n, otherwise);
      const { at } = this.#pageCell(groupKey(group));
      f.local_get(this.local(group.register)).i64_const(group.low).i64_add();
      f.i32_const(0).i64_load(at + PAGE_CELL.page).i64_sub();
      f.i32_const(0).i64_load(at + PAGE_CELL.groupLimit).i64_ge_u();
      f.hint(false).br_if(otherwise);
    });
  }

  #groupWanders(group: AccessGroup): boolean {
    return [...group.offsets.keys()].some((index) => this.env.wanders(this.#block.ops[index]!.pc));
  }

  /** Translates the lowest address of a group by the TLB, and goes to a label when that misses. */
  #translateGroup(group: AccessGroup, n: number, otherwise: string): void {
    const { f } = this, { hart, va, address } = this.locals;
    const test = { hart, va, entry: address }, tlb = group.writes ? HART.writeTlb : HART.readTlb;
    const local = this.#groupLocals[n] ??= f.local("i32");
    f.local_get(this.local(group.register)).i64_const(group.low).i64_add().local_set(va);
    pushTlbHit(f, test, tlb, group.span);
    f.i32_eqz().hint(false).br_if(otherwise);
    pushTranslated(f, test, tlb);
    f.local_set(local);
  }

  /** The test has succeeded: accesses of the groups need none of their own. */
  enterGroups(): void {
    const { f } = this;
    this.#areTested = true;
    this.groups.forEach((group, n) => {
      if (this.#groupWanders(group)) return;
      const { at } = this.#pageCell(groupKey(group));
      const local = this.#groupLocals[n] ??= f.local("i32");
      f.local_get(this.local(group.register)).i32_wrap_i64();
      f.i32_const(0).i32_load(at + PAGE_CELL.addend).i32_add().i32_const(group.low).i32_add()
        .local_set(local);
    });
  }

  leaveGroups(): void {
    this.#areTested = false;
  }

  /** What the pages of the current op's address are known by. */
  #pageKey(access: "read" | "write"): string {
    const group = this.groups.find((g) => g.offsets.has(this.#index));
    if (group !== undefined) return `${access} ${group.register}`;
    return `${access} ${this.#origin.get(this.#op.b) ?? this.#op.b}`;
  }

  /** Guest addresses of the ops that use each page cell. */
  get cellOps(): readonly (readonly number[])[] {
    return [...this.#pages.values()].map(({ ops }) => [...ops]);
  }

  /** Brings the registers that are only known as words back to 64 bits. */
  settle(): void {
    this.#widen();
    this.#words.clear();
  }

  #widen(): void {
    for (const register of this.#words) {
      this.f.local_get(this.#wordLocal(register)).i64_extend_i32_s();
      this.f.local_set(this.local(register));
    }
  }

  #wordLocal(register: number): number {
    let local = this.#wordLocals.get(register);
    if (local === undefined) this.#wordLocals.set(register, local = this.f.local("i32"));
    return local;
  }

  /** Begins the instruction `index` of a block. */
  begin(block: Block, index: number): void {
    this.#block = block;
    this.#index = index;
    this.#op = block.ops[index]!;
    if (index === 0) {
      this.#origin.clear();
      this.#dirty = this.#dirtyBefore;
    } else {
      this.#define(block.ops[index - 1]!);
      this.#dirty |= written(block.ops[index - 1]!);
    }
  }

  /**
   * An address register that the block has set leads elsewhere than before, unless it only moved a
   * little: what it is known by is where it was set.
   */
  #define(op: RegionOp): void {
    if (op.name === "addi" && op.a === op.b) return;
    this.#origin.set(op.a, `at ${op.pc}`);
  }

  /** Leaves before the current instruction, which the interpreter then executes. */
  leaveHere(): void {
    const { left } = this.locals;
    this.#widen();
    const remaining = this.#block.ops.length - this.#index;
    this.f.local_get(left).i32_const(remaining).i32_add().local_set(left);
    this.interpretAt(this.#op.pc);
  }

  /** Leaves the region; the interpreter executes the instruction at `pc`. */
  interpretAt(pc: number): void {
    const { f } = this, { dirty } = this.locals;
    f.i64_const(BigInt.asIntN(64, this.#dirty)).local_set(dirty);
    f.i64_const(pc).local_set(this.locals.pc).br(OUT);
  }

  /**
   * Behind a block: leaves the region for a guest address, and for its region if that is known.
   *
   * @param dirty the registers that may differ from memory then
   */
  leaveFor(pc: number, dirty: bigint): void {
    const { f } = this;
    const cell = this.exitCells + 4 * this.#exits++;
    this.#leaveBlock(dirty);
    f.i64_const(pc).i32_const(cell).i32_const(0).i32_load(cell);
    f.return_call_indirect(this.env.regionType);
  }

  /** Leaves the region for the address in the pc local, by the jump at a guest address. */
  leaveByJump(jump: number, dirty: bigint): void {
    const { f } = this, { hart, pc, cell } = this.locals;
    f.local_get(hart).i32_const(jump % 2 ** 32).i32_store(HART.jumpedFrom);
    this.#leaveBlock(dirty);
    f.local_get(pc).local_get(pc).i32_wrap_i64().i32_const(1).i32_shl();
    f.i32_const(JUMP_CACHE.bytes - 4).i32_and().i32_const(JUMP_CACHE.base).i32_add();
    f.local_tee(cell).local_get(cell).i32_load();
    f.return_call_indirect(this.env.regionType);
  }

  /** Stores what the way to the end of the block may have written; pushes what all regions take. */
  #leaveBlock(dirty: bigint): void {
    const { f } = this, { hart, registers, left } = this.locals;
    for (const register of registersOf(dirty)) this.#storeRegister(register);
    f.local_get(hart).local_get(registers).local_get(left);
  }

  local(register: number): number {
    const local = this.#registerLocals.get(register);
    if (local === undefined) throw new Error(`register ${register} has no local`);
    return local;
  }

  i32(n: 0 | 1 | 2): number {
    return this.locals.scratch32[n];
  }

  i64(n: 0 | 1): number {
    return this.locals.scratch64[n];
  }

  get(operand: Operand): void {
    const register = this.#op[operand];
    if (register === REGISTER.x0) return void this.f.i64_const(0);
    if (this.#words.has(register)) return this.#pushWord(register);
    this.f.local_get(this.local(register));
    if (isFloat(register)) this.f.i64_reinterpret_f64();
  }

  set(operand: Operand, value: () => void): void {
    const register = this.#op[operand];
    value();
    if (register === REGISTER.sink) return void this.f.drop();
    if (isFloat(register)) this.f.f64_reinterpret_i64();
    this.#words.delete(register);
    this.f.local_set(this.local(register));
  }

  #pushWord(register: number): void {
    this.f.local_get(this.#wordLocal(register)).i64_extend_i32_s();
  }

  isWord(operand: Operand): boolean {
    return this.#words.has(this.#op[operand]);
  }

  getWord(operand: Operand): void {
    const register = this.#op[operand];
    if (this.#words.has(register)) this.f.local_get(this.#wordLocal(register));
    else {
      this.get(operand);
      this.f.i32_wrap_i64();
    }
  }

  setWord(operand: Operand, value: () => void): void {
    const register = this.#op[operand];
    if (isFloat(register)) {
      return this.set(operand, () => {
        value();
        this.f.i64_extend_i32_s();
      });
    }
    value();
    if (register === REGISTER.sink) return void this.f.drop();
    this.f.local_set(this.#wordLocal(register));
    this.#words.add(register);
  }

  get roundsToNearest(): boolean {
    return this.#op.immediate === NEAREST || this.#op.immediate === DYNAMIC;
  }

  get roundsToZero(): boolean {
    return this.#op.immediate === TO_ZERO;
  }

  sameOperands(): boolean {
    return this.#op.b === this.#op.c;
  }

  getF64(operand: Operand): void {
    this.f.local_get(this.local(this.#op[operand]));
  }

  getI64(operand: Operand): void {
    this.get(operand);
  }

  setF64(): void {
    this.f.local_set(this.local(this.#op.a));
  }

  setI64(): void {
    if (this.#op.a === REGISTER.sink) return void this.f.drop();
    this.#words.delete(this.#op.a);
    this.f.local_set(this.local(this.#op.a));
  }

  /** Looks again whether NX has accrued, behind an op that may have raised it. */
  refreshInexact(): void {
    this.f.global_get(this.fflags).i32_const(1).i32_and().local_set(this.inexact);
  }

  immediate(): void {
    this.f.i64_const(this.#op.immediate);
  }

  immediate32(): void {
    this.f.i32_const(this.#op.immediate);
  }

  pc(): void {
    this.f.i64_const(this.#op.pc);
  }

  nextPc(): void {
    this.f.i64_const(this.#op.pc + this.#op.length);
  }

  load(size: 1 | 2 | 4 | 8, read: (offset: number) => void): void {
    read(this.#addressOf("read", size));
  }

  store(size: 1 | 2 | 4 | 8, value: () => void, write: (offset: number) => void): void {
    const offset = this.#addressOf("write", size);
    value();
    write(offset);
  }

  /** A load of a double: as f64 at once. */
  loadF64(): void {
    this.f.f64_load(this.#addressOf("read", 8), 0);
    this.setF64();
  }

  storeF64(): void {
    const offset = this.#addressOf("write", 8);
    this.getF64("c");
    this.f.f64_store(offset, 0);
  }

  /** Pushes a linear address; returns how far from it the current op's bytes are. */
  #addressOf(access: "read" | "write", size: number): number {
    if (this.#areTested) {
      const group = this.groups.findIndex((g) => g.offsets.has(this.#index));
      if (group >= 0) {
        this.f.local_get(this.#groupLocals[group]!);
        return this.groups[group]!.offsets.get(this.#index)!;
      }
    }
    this.#effectiveAddress();
    this.#resolve(access, size);
    return 0;
  }

  /** Leaves the guest address `b + immediate` in `va`. */
  #effectiveAddress(): void {
    this.get("b");
    if (this.#op.immediate !== 0) {
      this.immediate();
      this.f.i64_add();
    }
    this.f.local_set(this.locals.va);
  }

  #pageCell(key: string): PageCell {
    let cell = this.#pages.get(key);
    if (cell === undefined) {
      const at = this.pageCells + this.#pages.size * PAGE_CELL.bytes;
      cell = { at, ops: new Set(), widest: this.#widest.get(key) ?? 0 };
      this.#pages.set(key, cell);
    }
    return cell;
  }

  /** Pushes the linear address of `size` bytes at `va`. */
  #resolve(access: "read" | "write", size: number): void {
    const { f } = this, { hart, va, address } = this.locals;
    const { pc } = this.#op, wanders = this.env.wanders(pc);
    const { at, ops, widest } = this.#pageCell(wanders ? "wanders" : this.#pageKey(access));
    if (wanders) {
      const test = { hart, va, entry: address };
      const tlb = access === "read" ? HART.readTlb : HART.writeTlb;
      pushTlbHit(f, test, tlb, size);
      f.hint(true).if_("", "i32");
      pushTranslated(f, test, tlb);
    } else {
      ops.add(pc);
      f.local_get(va).i32_const(0).i64_load(at + PAGE_CELL.page).i64_sub();
      f.i32_const(0).i64_load(at + PAGE_CELL.limit).i64_lt_u();
      f.hint(true).if_("", "i32");
      f.local_get(va).i32_wrap_i64().i32_const(0).i32_load(at + PAGE_CELL.addend).i32_add();
    }
    f.else_();
    f.local_get(hart).local_get(va).i32_const(size).i32_const(at).i32_const(widest);
    f.call(access === "read" ? this.env.readable : this.env.writable);
    f.local_tee(address).i32_eqz().hint(false).if_();
    this.leaveHere();
    f.end();
    f.local_get(address).end();
  }

  atomicAddress(size: 4 | 8, access: "read" | "write"): number {
    const { f } = this, { va, address } = this.locals;
    this.get("b");
    f.local_tee(va).i64_const(size - 1).i64_and().i64_eqz().i32_eqz().hint(false).if_();
    this.leaveHere();
    f.end();
    this.#resolve(access, size);
    f.local_set(address);
    return address;
  }

  reserve(address: number, size: 0 | 4 | 8): void {
    reserve(this.f, this.locals.hart, address, size);
  }

  isReserved(address: number, size: 4 | 8): void {
    pushIsReserved(this.f, this.locals.hart, address, size);
  }

  /** Pushes the condition; the block's ending makes the jump. */
  branch(condition: () => void): void {
    condition();
  }

  jumpRelative(): void {}

  /** Leaves the address in the pc local; the block's ending makes the jump. */
  jump(target: number): void {
    this.f.local_get(target).local_set(this.locals.pc);
  }

  trap(): void {
    this.leaveHere();
  }

  trapIllegal(): void {
    this.leaveHere();
  }

  readTime(): void {
    throw new Error("regions hold no counter reads");
  }

  readRetired(): void {
    throw new Error("regions hold no counter reads");
  }
}

const groupKey = (group: AccessGroup): string =>
  `${group.writes ? "write" : "read"} ${group.register}`;

/** Whether a register slot index is one of f0…f31. */
export function isFloat(register: number): boolean {
  return register >= REGISTER.f0 && register < REGISTER.sink;
}
