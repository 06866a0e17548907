import type { FunctionBuilder } from "../../ir/wasm/function_builder.ts";
import type { ModuleBuilder } from "../../ir/wasm/module_builder.ts";
import { ACCESS } from "../../riscv64/walk.ts";
import {
  HART,
  MACHINE_CELL,
  MANY_MISSES,
  OP_BYTES,
  PAGE_CELL,
  PAGE_SHIFT,
  PAGE_SIZE,
  TLB_ENTRY,
  TLB_ENTRY_BYTES,
  TLB_MIX,
  TLB_OFFSET_MASK,
  TLB_VALID,
} from "./layout.ts";

const OFFSET_MASK = PAGE_SIZE - 1;

/** Accesses are at most this long; those that begin later in a page are not in its page cell. */
const LONGEST = 8;

/** What the slow paths use: function indexes, and immutable i32 globals. */
export interface MmuEnvironment {
  /** (hart, va, access) → linear page, 0 on a fault left in the hart block. */
  readonly walk: number;
  /** (linear page, slot to keep) → a new decode slot for the page. */
  readonly newSlot: number;
  /** (decode slot): a guest wrote to the page it was decoded from. */
  readonly codeWritten: number;
  readonly dirtyBase: number;
  readonly codeIndexBase: number;
  /** (page cell): it has missed `MANY_MISSES` times. */
  readonly wanders: number;
}

/** The slow paths of guest memory accesses, all WebAssembly functions. */
export interface MmuFunctions {
  /** (hart, va, size) → linear address of the bytes, 0 on a fault. Fills the read TLB. */
  readonly readMiss: number;
  /** (hart, va, size) → linear address to write to, 0 on a fault. Must not cross pages. */
  readonly writeAddress: number;
  /** (hart, va, size, value) → 1 when stored, 0 on a fault, and then nothing is written. */
  readonly storeMiss: number;
  /** (hart, va, slot to keep) → the page's decode slot, 0 on a fault. Fills the exec TLB. */
  readonly execMiss: number;
  /**
   * What compiled code calls: (hart, va, size, page cell, bytes of the widest group) → linear
   * address, 0 when the access faults, crosses pages or writes to code, and then nothing has
   * changed. Fills the TLB and the cell; the group's bytes are 0 where there is none.
   */
  readonly readable: number;
  readonly writable: number;
  /** (hart, va, decode slot) → 1 if the page leads to this slot; then the exec TLB says so. */
  readonly refillExec: number;
}

/**
 * Pushes the address of a TLB entry for the guest address in local `va`, less the TLB's offset.
 *
 * @param mix pushes (i32) the asid times `TLB_MIX`; without it the hart block's asid counts
 */
export function pushTlbEntry(
  f: FunctionBuilder,
  hart: number,
  va: number,
  mix: () => void = () => f.local_get(hart).i32_load(HART.asid).i32_const(TLB_MIX).i32_mul(),
): void {
  const shift = PAGE_SHIFT - Math.log2(TLB_ENTRY_BYTES);
  f.local_get(va).i32_wrap_i64().i32_const(shift).i32_shr_u();
  mix();
  f.i32_xor().i32_const(TLB_OFFSET_MASK).i32_and().local_get(hart).i32_add();
}

/** The locals of a TLB test: parameters, and `entry`, which it sets. */
export interface TlbTest {
  /** i32: linear address of the hart block. */
  readonly hart: number;
  /** i64: guest address. */
  readonly va: number;
  /** i64: valid bit and asid as in a tag; without it they are read from the machine's cell. */
  readonly tag?: number;
  /** i32: the asid times `TLB_MIX`; goes with `tag`. */
  readonly mix?: number;
  /** i32: gets the entry's address, less the TLB's offset. */
  readonly entry: number;
}

/**
 * Pushes whether a TLB holds the page of `va`. The tag is compared with that of the last byte, so
 * that what crosses pages misses too.
 */
export function pushTlbHit(f: FunctionBuilder, test: TlbTest, tlb: number, size: number): void {
  const { hart, va, tag, mix, entry } = test;
  pushTlbEntry(f, hart, va, () => {
    if (mix === undefined) f.i32_const(0).i32_load(MACHINE_CELL.mix);
    else f.local_get(mix);
  });
  f.local_tee(entry).i64_load(tlb + TLB_ENTRY.tag).local_get(va);
  if (size > 1) f.i64_const(size - 1).i64_add();
  f.i64_const(-PAGE_SIZE).i64_and();
  if (tag === undefined) f.i32_const(0).i64_load(MACHINE_CELL.tag);
  else f.local_get(tag);
  f.i64_or().i64_eq();
}

/** Pushes the linear address of `va` after a hit. */
export function pushTranslated(f: FunctionBuilder, { va, entry }: TlbTest, tlb: number): void {
  f.local_get(va).i32_wrap_i64().local_get(entry).i32_load(tlb + TLB_ENTRY.addend).i32_add();
}

/** Pushes the tag that an entry for the page of `va` has in the hart's current space. */
function pushTag(f: FunctionBuilder, hart: number, va: number): void {
  f.local_get(va).i64_const(-PAGE_SIZE).i64_and();
  f.local_get(hart).i64_load32_u(HART.asid).i64_or().i64_const(TLB_VALID).i64_or();
}

/** Fills an entry of one TLB; `word` pushes the field at offset 8. */
function fill(
  f: FunctionBuilder,
  hart: number,
  va: number,
  tlb: number,
  page: number,
  word: () => void,
): void {
  pushTlbEntry(f, hart, va);
  pushTag(f, hart, va);
  f.i64_store(tlb + TLB_ENTRY.tag);
  pushTlbEntry(f, hart, va);
  word();
  f.i32_store(tlb + TLB_ENTRY.addend);
  pushTlbEntry(f, hart, va);
  f.local_get(page).i32_store(tlb + TLB_ENTRY.linearPage);
}

function pushAddend(f: FunctionBuilder, va: number, page: number): void {
  f.local_get(page).i32_const(PAGE_SHIFT).i32_shl();
  f.local_get(va).i32_wrap_i64().i32_const(-PAGE_SIZE).i32_and().i32_sub();
}

function pushLinear(f: FunctionBuilder, va: number, page: number): void {
  f.local_get(page).i32_const(PAGE_SHIFT).i32_shl();
  f.local_get(va).i32_wrap_i64().i32_const(OFFSET_MASK).i32_and().i32_or();
}

/** Pushes how many of `size` bytes lie beyond the first page, if positive. */
function pushExcess(f: FunctionBuilder, va: number, size: number): void {
  f.local_get(va).i32_wrap_i64().i32_const(OFFSET_MASK).i32_and().local_get(size).i32_add();
  f.i32_const(PAGE_SIZE).i32_sub();
}

/** Leaves the first address of the page behind that of `va` in `next`. */
function nextPage(f: FunctionBuilder, va: number, next: number): void {
  f.local_get(va).i64_const(OFFSET_MASK).i64_or().i64_const(1).i64_add().local_set(next);
}

/** Walks, leaves the page in `page`, and returns 0 from the function on a fault. */
function walkOrReturn(
  f: FunctionBuilder,
  env: MmuEnvironment,
  hart: number,
  va: number,
  access: number,
  page: number,
): void {
  f.local_get(hart).local_get(va).i32_const(access).call(env.walk).local_tee(page).i32_eqz().if_()
    .i32_const(0).return_().end();
}

/** Adds the slow paths to the module. */
export function addMmu(m: ModuleBuilder, env: MmuEnvironment): MmuFunctions {
  const forgetOps = addForgetOps(m, env);
  const writeAddress = addWriteAddress(m, env, forgetOps);
  return {
    readMiss: addReadMiss(m, env),
    writeAddress,
    storeMiss: addStoreMiss(m, env, writeAddress),
    execMiss: addExecMiss(m, env),
    readable: addReadable(m, env),
    writable: addWritable(m, env),
    refillExec: addRefillExec(m, env),
  };
}

/** A function that compiled code calls on a miss of a page cell; `prepare` may return 0. */
function addRefill(
  m: ModuleBuilder,
  env: MmuEnvironment,
  name: string,
  tlb: number,
  access: number,
  prepare: (f: FunctionBuilder, page: number) => void,
): number {
  const f = m.function(name, ["i32", "i64", "i32", "i32", "i32"], ["i32"]);
  const hart = 0, va = 1, size = 2, cell = 3, span = 4;
  const page = f.local("i32"), address = f.local("i32");
  pushExcess(f, va, size);
  f.i32_const(0).i32_gt_s().if_().i32_const(0).return_().end();
  pushTlbEntry(f, hart, va);
  f.i64_load(tlb + TLB_ENTRY.tag);
  pushTag(f, hart, va);
  f.i64_eq().hint(true).if_();
  f.local_get(va).i32_wrap_i64();
  pushTlbEntry(f, hart, va);
  f.i32_load(tlb + TLB_ENTRY.addend).i32_add().local_set(address).else_();
  walkOrReturn(f, env, hart, va, access, page);
  prepare(f, page);
  fill(f, hart, va, tlb, page, () => pushAddend(f, va, page));
  pushLinear(f, va, page);
  f.local_set(address).end();
  f.local_get(cell).local_get(va).i64_const(-PAGE_SIZE).i64_and().i64_store(PAGE_CELL.page);
  f.local_get(cell).i64_const(PAGE_SIZE - LONGEST + 1).i64_store(PAGE_CELL.limit);
  f.local_get(cell).i64_const(PAGE_SIZE + 1).local_get(span).i64_extend_i32_u().i64_sub();
  f.i64_const(0).local_get(span).select().i64_store(PAGE_CELL.groupLimit);
  f.local_get(cell).local_get(address).local_get(va).i32_wrap_i64().i32_sub();
  f.i32_store(PAGE_CELL.addend);
  f.local_get(cell).local_get(cell).i32_load(PAGE_CELL.misses).i32_const(1).i32_add();
  f.local_tee(page).i32_store(PAGE_CELL.misses);
  f.local_get(page).i32_const(MANY_MISSES).i32_eq().hint(false).if_();
  f.local_get(cell).call(env.wanders).end();
  f.local_get(address);
  return f.index;
}

function addReadable(m: ModuleBuilder, env: MmuEnvironment): number {
  return addRefill(m, env, "readable", HART.readTlb, ACCESS.read, () => {});
}

function addWritable(m: ModuleBuilder, env: MmuEnvironment): number {
  return addRefill(m, env, "writable", HART.writeTlb, ACCESS.write, (f, page) => {
    f.local_get(page).i32_const(2).i32_shl().global_get(env.codeIndexBase).i32_add().i32_load();
    f.if_().i32_const(0).return_().end();
    f.local_get(page).global_get(env.dirtyBase).i32_add().i32_const(1).i32_store8();
  });
}

function addRefillExec(m: ModuleBuilder, env: MmuEnvironment): number {
  const f = m.function("refillExec", ["i32", "i64", "i32"], ["i32"]);
  const hart = 0, va = 1, slot = 2;
  const page = f.local("i32");
  pushTlbEntry(f, hart, va);
  f.i64_load(HART.execTlb + TLB_ENTRY.tag);
  pushTag(f, hart, va);
  f.i64_eq();
  pushTlbEntry(f, hart, va);
  f.i32_load(HART.execTlb + TLB_ENTRY.slot).local_get(slot).i32_eq().i32_and().if_();
  f.i32_const(1).return_().end();
  walkOrReturn(f, env, hart, va, ACCESS.execute, page);
  f.local_get(page).i32_const(2).i32_shl().global_get(env.codeIndexBase).i32_add().i32_load();
  f.local_get(slot).i32_ne().if_().i32_const(0).return_().end();
  fill(f, hart, va, HART.execTlb, page, () => f.local_get(slot));
  f.i32_const(1);
  return f.index;
}

function addReadMiss(m: ModuleBuilder, env: MmuEnvironment): number {
  const f = m.function("readMiss", ["i32", "i64", "i32"], ["i32"]);
  const hart = 0, va = 1, size = 2;
  const page = f.local("i32"), upper = f.local("i32"), at = f.local("i32");
  const next = f.local("i64");
  walkOrReturn(f, env, hart, va, ACCESS.read, page);
  pushExcess(f, va, size);
  f.i32_const(0).i32_le_s().if_();
  fill(f, hart, va, HART.readTlb, page, () => pushAddend(f, va, page));
  pushLinear(f, va, page);
  f.return_().end();

  nextPage(f, va, next);
  walkOrReturn(f, env, hart, next, ACCESS.read, upper);
  // Gather up to 8 bytes of each page: what lies behind the last wanted one is never looked at.
  const inLower = f.local("i32");
  f.i32_const(PAGE_SIZE).local_get(va).i32_wrap_i64().i32_const(OFFSET_MASK).i32_and().i32_sub();
  f.local_set(inLower);
  f.loop("byte");
  f.local_get(hart).local_get(at).i32_add();
  f.local_get(at).local_get(inLower).i32_lt_u().if_("", "i32");
  pushLinear(f, va, page);
  f.local_get(at).i32_add().else_();
  f.local_get(upper).i32_const(PAGE_SHIFT).i32_shl().local_get(at).local_get(inLower).i32_sub()
    .i32_add();
  f.end().i32_load8_u().i32_store8(HART.bounce);
  f.local_get(at).i32_const(1).i32_add().local_tee(at).local_get(size).i32_lt_u().br_if("byte");
  f.end();
  f.local_get(hart).i32_const(HART.bounce).i32_add();
  return f.index;
}

/** forgetOps(slot, offset, size): the decoded ops that overlap these bytes of the page. */
function addForgetOps(m: ModuleBuilder, env: MmuEnvironment): number {
  const f = m.function("forgetOps", ["i32", "i32", "i32"], []);
  const slot = 0, offset = 1, size = 2;
  const index = f.local("i32"), last = f.local("i32");
  f.local_get(offset).local_get(size).i32_add().i32_const(1).i32_sub().i32_const(1).i32_shr_u();
  f.local_set(last);
  // A 32-bit instruction that begins one halfword earlier overlaps too.
  f.local_get(offset).i32_const(2).i32_sub().i32_const(1).i32_shr_s().local_tee(index);
  f.i32_const(0).local_get(index).i32_const(0).i32_ge_s().select().local_set(index);
  f.loop("op");
  // Only the opcode: the op that is executing still needs its length.
  f.local_get(slot).local_get(index).i32_const(OP_BYTES).i32_mul().i32_add();
  f.i32_const(0).i32_store16();
  f.local_get(index).i32_const(1).i32_add().local_tee(index);
  f.local_get(last).i32_le_u().br_if("op");
  f.end();
  f.i32_const(0).i32_const(0).i32_load(MACHINE_CELL.codeEpoch).i32_const(1).i32_add()
    .i32_store(MACHINE_CELL.codeEpoch);
  f.local_get(slot).call(env.codeWritten);
  return f.index;
}

function addWriteAddress(m: ModuleBuilder, env: MmuEnvironment, forgetOps: number): number {
  const f = m.function("writeAddress", ["i32", "i64", "i32"], ["i32"]);
  const hart = 0, va = 1, size = 2;
  const page = f.local("i32"), slot = f.local("i32");
  walkOrReturn(f, env, hart, va, ACCESS.write, page);
  f.local_get(page).global_get(env.dirtyBase).i32_add().i32_const(1).i32_store8();
  f.local_get(page).i32_const(2).i32_shl().global_get(env.codeIndexBase).i32_add().i32_load();
  f.local_tee(slot).if_();
  f.local_get(slot).local_get(va).i32_wrap_i64().i32_const(OFFSET_MASK).i32_and();
  f.local_get(size).call(forgetOps).else_();
  fill(f, hart, va, HART.writeTlb, page, () => pushAddend(f, va, page));
  f.end();
  pushLinear(f, va, page);
  return f.index;
}

function addStoreMiss(m: ModuleBuilder, env: MmuEnvironment, writeAddress: number): number {
  const f = m.function("storeMiss", ["i32", "i64", "i32", "i64"], ["i32"]);
  const hart = 0, va = 1, size = 2, value = 3;
  const address = f.local("i32"), upper = f.local("i32"), at = f.local("i32");
  const inLower = f.local("i32"), next = f.local("i64");
  pushExcess(f, va, size);
  f.i32_const(0).i32_le_s().if_();
  f.local_get(hart).local_get(va).local_get(size).call(writeAddress).local_tee(address).i32_eqz();
  f.if_().i32_const(0).return_().end();
  f.else_();
  nextPage(f, va, next);
  // Both pages are checked before either is marked or written.
  walkOrReturn(f, env, hart, va, ACCESS.write, address);
  walkOrReturn(f, env, hart, next, ACCESS.write, address);
  f.i32_const(PAGE_SIZE).local_get(va).i32_wrap_i64().i32_const(OFFSET_MASK).i32_and().i32_sub();
  f.local_set(inLower);
  f.local_get(hart).local_get(va).local_get(inLower).call(writeAddress).local_set(address);
  f.local_get(hart).local_get(next).local_get(size).local_get(inLower).i32_sub();
  f.call(writeAddress).local_get(inLower).i32_sub().local_set(upper);
  f.end();

  f.loop("byte");
  f.local_get(address).local_get(upper).local_get(at).local_get(inLower).i32_lt_u();
  f.local_get(upper).i32_eqz().i32_or().select().local_get(at).i32_add();
  f.local_get(value).i64_store8();
  f.local_get(value).i64_const(8).i64_shr_u().local_set(value);
  f.local_get(at).i32_const(1).i32_add().local_tee(at).local_get(size).i32_lt_u().br_if("byte");
  f.end();
  f.i32_const(1);
  return f.index;
}

function addExecMiss(m: ModuleBuilder, env: MmuEnvironment): number {
  const f = m.function("execMiss", ["i32", "i64", "i32"], ["i32"]);
  const hart = 0, va = 1, keep = 2;
  const page = f.local("i32"), slot = f.local("i32");
  walkOrReturn(f, env, hart, va, ACCESS.execute, page);
  f.local_get(page).i32_const(2).i32_shl().global_get(env.codeIndexBase).i32_add().i32_load();
  f.local_tee(slot).i32_eqz().if_();
  f.local_get(page).local_get(keep).call(env.newSlot).local_set(slot);
  f.end();
  fill(f, hart, va, HART.execTlb, page, () => f.local_get(slot));
  f.local_get(slot);
  return f.index;
}
