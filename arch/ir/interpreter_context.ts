import { HART, MACHINE_CELL, OP } from "../machine/memory/layout.ts";
import { pushTlbHit, pushTranslated } from "../machine/memory/mmu.ts";
import type { MmuFunctions } from "../machine/memory/mmu.ts";
import { CAUSE } from "../riscv64/sv39.ts";
import type { OpContext, Operand, OpHelpers } from "./op_context.ts";
import { pushIsReserved, reserve } from "./reservation.ts";
import type { FunctionBuilder } from "./wasm/function_builder.ts";

/** Labels of the interpreter's control structure; branches to them leave an op. */
export const LABEL = {
  /** Continue with the op at `ip`. */
  next: "next",
  /** Continue with the guest address in `target`. */
  jump: "jump",
  /** The current instruction trapped: cause and trap value are in the hart block. */
  trap: "trap",
} as const;

/** The interpreter's locals. */
export interface InterpreterLocals {
  /** Parameters: linear address of the hart block; instructions allowed. */
  readonly hart: number;
  readonly budget: number;
  /** i32: linear addresses of the register slot and of the current op. */
  readonly registers: number;
  readonly ip: number;
  /** i32: instructions that may still run. */
  readonly left: number;
  /** i64: the guest address of an op is `pcBase + ip / 8`. */
  readonly pcBase: number;
  /** i64: valid bit and asid as in a TLB tag. */
  readonly tag: number;
  /** i32: the asid times `TLB_MIX`. */
  readonly mix: number;
  /** i64: where to jump. */
  readonly target: number;
  /** Scratch of memory accesses. */
  readonly va: number;
  readonly entry: number;
  readonly address: number;
  readonly scratch32: readonly [number, number, number];
  readonly scratch64: readonly [number, number];
}

/** Function and global indexes beyond the helpers. */
export interface InterpreterEnvironment {
  readonly mmu: MmuFunctions;
  /** Import: linear address of an op → the bits it was decoded from. */
  readonly bitsAt: number;
  readonly fflags: number;
  readonly frm: number;
}

const OPERAND_OFFSET = { a: OP.a, b: OP.b, c: OP.c, d: OP.d } as const;

/** Op semantics with registers in memory, and operands read from the op at `ip`. */
export class InterpreterContext implements OpContext {
  /** True while the far form of a relative jump is emitted. */
  far = false;
  /** The label at which execution goes on with the op at `ip`. */
  next: string = LABEL.next;

  readonly fflags: number;
  readonly frm: number;

  constructor(
    readonly f: FunctionBuilder,
    readonly helpers: OpHelpers,
    readonly locals: InterpreterLocals,
    readonly env: InterpreterEnvironment,
  ) {
    this.fflags = env.fflags;
    this.frm = env.frm;
  }

  i32(n: 0 | 1 | 2): number {
    return this.locals.scratch32[n];
  }

  i64(n: 0 | 1): number {
    return this.locals.scratch64[n];
  }

  #registerAddress(operand: Operand): void {
    const { registers, ip } = this.locals;
    this.f.local_get(registers).local_get(ip).i32_load16_u(OPERAND_OFFSET[operand]).i32_add();
  }

  get(operand: Operand): void {
    this.#registerAddress(operand);
    this.f.i64_load();
  }

  set(operand: Operand, value: () => void): void {
    this.#registerAddress(operand);
    value();
    this.f.i64_store();
  }

  getWord(operand: Operand): void {
    this.get(operand);
    this.f.i32_wrap_i64();
  }

  setWord(operand: Operand, value: () => void): void {
    this.set(operand, () => {
      value();
      this.f.i64_extend_i32_s();
    });
  }

  isWord(): boolean {
    return false;
  }

  immediate(): void {
    this.f.local_get(this.locals.ip).i64_load32_s(OP.immediate);
  }

  immediate32(): void {
    this.f.local_get(this.locals.ip).i32_load(OP.immediate);
  }

  pc(): void {
    const { ip, pcBase } = this.locals;
    this.f.local_get(pcBase).local_get(ip).i32_const(3).i32_shr_u().i64_extend_i32_u().i64_add();
  }

  nextPc(): void {
    const { ip, pcBase } = this.locals;
    this.f.local_get(pcBase).local_get(ip).local_get(ip).i32_load16_u(OP.next).i32_add();
    this.f.i32_const(3).i32_shr_u().i64_extend_i32_u().i64_add();
  }

  /** Leaves the guest address `b + immediate` in `va`. */
  #effectiveAddress(): void {
    this.get("b");
    this.immediate();
    this.f.i64_add().local_set(this.locals.va);
  }

  /** Pushes the linear address of `size` bytes at `va`; leaves the op on a fault. */
  #resolve(tlb: number, size: number, miss: number): void {
    const { va, hart, address } = this.locals;
    const f = this.f;
    pushTlbHit(f, this.locals, tlb, size);
    f.hint(true).if_("", "i32");
    pushTranslated(f, this.locals, tlb);
    f.else_().local_get(hart).local_get(va).i32_const(size).call(miss);
    f.local_tee(address).i32_eqz().br_if(LABEL.trap).local_get(address).end();
  }

  load(size: 1 | 2 | 4 | 8, read: (offset: number) => void): void {
    this.#effectiveAddress();
    this.#resolve(HART.readTlb, size, this.env.mmu.readMiss);
    read(0);
  }

  store(size: 1 | 2 | 4 | 8, value: () => void, write: (offset: number) => void): void {
    const { va, hart } = this.locals;
    const f = this.f;
    this.#effectiveAddress();
    pushTlbHit(f, this.locals, HART.writeTlb, size);
    f.hint(true).if_();
    pushTranslated(f, this.locals, HART.writeTlb);
    value();
    write(0);
    f.else_().local_get(hart).local_get(va).i32_const(size);
    value();
    f.call(this.env.mmu.storeMiss).i32_eqz().br_if(LABEL.trap).end();
  }

  atomicAddress(size: 4 | 8, access: "read" | "write"): number {
    const { va, address } = this.locals;
    const f = this.f;
    this.get("b");
    f.local_tee(va).i64_const(size - 1).i64_and().i64_eqz().i32_eqz().hint(false).if_();
    const cause = access === "read" ? CAUSE.loadMisaligned : CAUSE.storeMisaligned;
    this.trap(cause, () => f.local_get(va));
    f.end();
    const { readMiss, writeAddress } = this.env.mmu;
    if (access === "read") this.#resolve(HART.readTlb, size, readMiss);
    else this.#resolve(HART.writeTlb, size, writeAddress);
    f.local_set(address);
    return address;
  }

  reserve(address: number, size: 0 | 4 | 8): void {
    reserve(this.f, this.locals.hart, address, size);
  }

  isReserved(address: number, size: 4 | 8): void {
    pushIsReserved(this.f, this.locals.hart, address, size);
  }

  branch(condition: () => void): void {
    const f = this.f, { ip } = this.locals;
    if (this.far) {
      condition();
      f.if_();
      this.jumpRelative();
      f.end();
      return;
    }
    this.immediate32();
    f.local_get(ip).i32_load16_u(OP.next);
    condition();
    f.select().local_get(ip).i32_add().local_set(ip).br(this.next);
  }

  jumpRelative(): void {
    const f = this.f, { ip, target } = this.locals;
    if (this.far) {
      this.pc();
      this.immediate();
      f.i64_add().local_set(target).br(LABEL.jump);
    } else {
      this.immediate32();
      f.local_get(ip).i32_add().local_set(ip).br(this.next);
    }
  }

  jump(target: number): void {
    this.f.local_get(target).local_set(this.locals.target).br(LABEL.jump);
  }

  trap(cause: number, value: () => void): void {
    const f = this.f, { hart } = this.locals;
    f.local_get(hart).i32_const(cause).i32_store(HART.cause).local_get(hart);
    value();
    f.i64_store(HART.tval).br(LABEL.trap);
  }

  trapIllegal(): void {
    this.trap(CAUSE.illegalInstruction, () => {
      this.f.local_get(this.locals.ip).call(this.env.bitsAt).i64_extend_i32_u();
    });
  }

  /** Pushes (i32) the instructions this run has retired before the current one. */
  #executed(): void {
    const { budget, left } = this.locals;
    this.f.local_get(budget).local_get(left).i32_sub().i32_const(1).i32_sub();
  }

  readTime(): void {
    const f = this.f, { hart } = this.locals;
    const now = this.i64(0), highest = this.i64(1);
    f.local_get(hart).i64_load(HART.clockAtEntry);
    this.#executed();
    f.i64_extend_i32_u().i64_add().local_set(now);
    f.i32_const(0).i64_load(MACHINE_CELL.highestTimeRead).local_set(highest);
    f.local_get(now).local_get(highest).local_get(now).local_get(highest).i64_gt_u().select();
    f.local_set(now).i32_const(0).local_get(now).i64_store(MACHINE_CELL.highestTimeRead);
    f.local_get(now);
  }

  readRetired(): void {
    const f = this.f, { hart } = this.locals;
    f.local_get(hart).i64_load(HART.retired);
    this.#executed();
    f.i64_extend_i32_u().i64_add();
  }
}
