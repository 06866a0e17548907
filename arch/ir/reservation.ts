import { HART } from "../machine/memory/layout.ts";
import type { FunctionBuilder } from "./wasm/function_builder.ts";

/**
 * Emits: records a hart's reservation on the linear address in a local; size 0 drops it
 * (unprivileged manual, "A", LR/SC).
 */
export function reserve(
  f: FunctionBuilder,
  hart: number,
  address: number,
  size: 0 | 4 | 8,
): void {
  f.local_get(hart).i32_const(size).i32_store(HART.reservationSize);
  if (size > 0) f.local_get(hart).local_get(address).i32_store(HART.reservation);
}

/** Emits: pushes 1 (i32) if the hart's reservation is exactly this address and size. */
export function pushIsReserved(
  f: FunctionBuilder,
  hart: number,
  address: number,
  size: 4 | 8,
): void {
  f.local_get(hart).i32_load(HART.reservationSize).i32_const(size).i32_eq();
  f.local_get(hart).i32_load(HART.reservation).local_get(address).i32_eq().i32_and();
}
