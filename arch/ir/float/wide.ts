import type { FunctionBuilder } from "../wasm/function_builder.ts";

/** Emits: shifts i64 local `value` right by i64 local `distance`, ORing what is lost into bit 0. */
export function pushShiftRightJam(f: FunctionBuilder, value: number, distance: number): void {
  const kept = f.local("i64");
  f.local_get(distance).i64_const(63).i64_gt_u().if_("", "i64");
  f.local_get(value).i64_eqz().i32_eqz().i64_extend_i32_u();
  f.else_();
  f.local_get(value).local_get(distance).i64_shr_u().local_tee(kept);
  f.local_get(kept).local_get(distance).i64_shl().local_get(value).i64_ne().i64_extend_i32_u();
  f.i64_or();
  f.end();
}

/** Emits: (`high`, `low`) = (`high`, `low`) >> `distance`, what is lost ORed into bit 0 of `low`. */
export function shiftRightJamWide(
  f: FunctionBuilder,
  high: number,
  low: number,
  distance: number,
): void {
  const lost = f.local("i64");
  f.local_get(distance).i64_const(63).i64_gt_u().if_();
  // A whole word first: its bits become sticky, the rest is a shift of the high word.
  f.local_get(low).i64_eqz().i32_eqz().i64_extend_i32_u().local_set(lost);
  f.local_get(high).local_set(low);
  f.i64_const(0).local_set(high);
  f.local_get(distance).i64_const(64).i64_sub().local_set(distance);
  pushShiftRightJam(f, low, distance);
  f.local_get(lost).i64_or().local_set(low);
  f.else_();
  f.local_get(distance).i64_eqz().i32_eqz().if_();
  f.local_get(low).local_get(low).local_get(distance).i64_shr_u().local_tee(low);
  f.local_get(distance).i64_shl().i64_ne().i64_extend_i32_u();
  f.local_get(low).i64_or();
  f.local_get(high).i64_const(64).local_get(distance).i64_sub().i64_shl().i64_or().local_set(low);
  f.local_get(high).local_get(distance).i64_shr_u().local_set(high);
  f.end();
  f.end();
}

/**
 * Emits: the full product of the unsigned i64 locals `x` and `y` into the locals `high` and `low`,
 * from four 32-bit products.
 */
export function multiplyWide(
  f: FunctionBuilder,
  x: number,
  y: number,
  high: number,
  low: number,
): void {
  const [x0, x1] = [f.local("i64"), f.local("i64")];
  const [y0, y1] = [f.local("i64"), f.local("i64")];
  const [middle, bottom] = [f.local("i64"), f.local("i64")];
  for (const [whole, lower, upper] of [[x, x0, x1], [y, y0, y1]] as const) {
    f.local_get(whole).i64_const(0xffff_ffff).i64_and().local_set(lower);
    f.local_get(whole).i64_const(32).i64_shr_u().local_set(upper);
  }
  f.local_get(x0).local_get(y0).i64_mul().local_set(bottom);
  // One cross product and a carry fit into 64 bits; the other's halves are added separately.
  f.local_get(x1).local_get(y0).i64_mul();
  f.local_get(bottom).i64_const(32).i64_shr_u().i64_add().local_set(middle);
  f.local_get(x1).local_get(y1).i64_mul();
  f.local_get(middle).i64_const(32).i64_shr_u().i64_add();
  f.local_get(middle).i64_const(0xffff_ffff).i64_and();
  f.local_get(x0).local_get(y1).i64_mul().i64_add().local_tee(middle);
  f.i64_const(32).i64_shr_u().i64_add().local_set(high);
  f.local_get(x).local_get(y).i64_mul().local_set(low);
}
