import type { FunctionBuilder } from "../ir/wasm/function_builder.ts";
import type { ModuleBuilder } from "../ir/wasm/module_builder.ts";
import { HART, PAGE_SHIFT, RAM_BASE } from "../machine/memory/layout.ts";
import { CAUSE, PTE, SV39 } from "./sv39.ts";

/** Kinds of access, as numbers that cross the boundary to JavaScript. */
export const ACCESS = { read: 0, write: 1, execute: 2 } as const;

/** Immutable i32 globals that the walk reads: where the frame map is, and its length. */
export interface WalkGlobals {
  readonly frameMapBase: number;
  readonly frameCount: number;
}

/** One byte per access kind, read first. */
const packed = (read: number, write: number, execute: number): number =>
  read | (write << 8) | (execute << 16);

const PAGE_FAULTS = packed(CAUSE.loadPage, CAUSE.storePage, CAUSE.fetchPage);
const ACCESS_FAULTS = packed(CAUSE.loadAccess, CAUSE.storeAccess, CAUSE.fetchAccess);
const NEEDED = packed(
  PTE.read | PTE.user | PTE.accessed,
  PTE.write | PTE.user | PTE.accessed | PTE.dirty,
  PTE.execute | PTE.user | PTE.accessed,
);

/**
 * Adds `walk(hart, va, access) → linear page`: translates as user mode of the hart's current
 * address space (privileged ISA manual, "Virtual Address Translation Process", with Svade). On a
 * fault it returns 0 and leaves cause and trap value in the hart block.
 */
export function addSv39Walk(m: ModuleBuilder, globals: WalkGlobals): FunctionBuilder {
  const f = m.function("walk", ["i32", "i64", "i32"], ["i32"]);
  const hart = 0, va = 1, access = 2;
  const pte = f.local("i64"), frame = f.local("i64");
  const page = f.local("i32"), shift = f.local("i32");
  const RAM_FRAME = RAM_BASE / 2 ** PAGE_SHIFT;

  /** frame → page, leaving for "access" when no memory is there. */
  const findPage = (): void => {
    f.local_get(frame).i64_const(RAM_FRAME).i64_sub().local_tee(frame);
    f.global_get(globals.frameCount).i64_extend_i32_u().i64_ge_u().br_if("access");
    f.local_get(frame).i32_wrap_i64().i32_const(2).i32_shl();
    f.global_get(globals.frameMapBase).i32_add().i32_load();
    f.local_tee(page).i32_eqz().br_if("access");
  };
  /** Pushes the bits of the page number that lie below the current level. */
  const lowPpnMask = (): void => {
    f.i64_const(1).local_get(shift).i32_const(PAGE_SHIFT).i32_sub().i64_extend_i32_u().i64_shl()
      .i64_const(1).i64_sub();
  };
  const byteFor = (bytes: number): void => {
    f.i32_const(bytes).local_get(access).i32_const(3).i32_shl().i32_shr_u()
      .i32_const(0xff).i32_and();
  };

  f.block("access").block("page");
  const unused = 64 - SV39.addressBits;
  f.local_get(va).i64_const(unused).i64_shl().i64_const(unused).i64_shr_s();
  f.local_get(va).i64_ne().br_if("page");
  f.local_get(hart).i64_load32_u(HART.rootPpn).local_set(frame);
  f.i32_const(PAGE_SHIFT + SV39.indexBits * (SV39.levels - 1)).local_set(shift);

  f.loop("level");
  findPage();
  f.local_get(page).i32_const(PAGE_SHIFT).i32_shl();
  f.local_get(va).local_get(shift).i64_extend_i32_u().i64_shr_u().i32_wrap_i64();
  f.i32_const((1 << SV39.indexBits) - 1).i32_and().i32_const(3).i32_shl().i32_add();
  f.i64_load().local_tee(pte).i64_const(PTE.valid).i64_and().i64_eqz().br_if("page");
  f.local_get(pte).i64_const(PTE.reservedShift).i64_shr_u().i64_eqz().i32_eqz().br_if("page");
  f.local_get(pte).i64_const(PTE.read | PTE.write).i64_and().i64_const(PTE.write).i64_eq();
  f.br_if("page");
  f.local_get(pte).i64_const(SV39.ppnShift).i64_shr_u().local_set(frame);

  f.local_get(pte).i64_const(PTE.read | PTE.execute).i64_and().i64_eqz().if_();
  f.local_get(pte).i64_const(PTE.accessed | PTE.dirty | PTE.user).i64_and();
  f.i64_eqz().i32_eqz().br_if("page");
  f.local_get(shift).i32_const(SV39.indexBits).i32_sub().local_tee(shift);
  f.i32_const(PAGE_SHIFT).i32_ge_u().br_if("level");
  f.br("page").end();
  f.end();

  byteFor(NEEDED);
  f.local_get(pte).i32_wrap_i64().i32_const(-1).i32_xor().i32_and().br_if("page");
  f.local_get(frame);
  lowPpnMask();
  f.i64_and().i64_eqz().i32_eqz().br_if("page");
  f.local_get(frame).local_get(va).i64_const(PAGE_SHIFT).i64_shr_u();
  lowPpnMask();
  f.i64_and().i64_or().local_set(frame);
  findPage();
  f.local_get(page).return_();

  f.end(); // page
  f.local_get(hart);
  byteFor(PAGE_FAULTS);
  f.i32_store(HART.cause).local_get(hart).local_get(va).i64_store(HART.tval);
  f.i32_const(0).return_();
  f.end(); // access
  f.local_get(hart);
  byteFor(ACCESS_FAULTS);
  f.i32_store(HART.cause).local_get(hart).local_get(va).i64_store(HART.tval).i32_const(0);
  return f;
}
