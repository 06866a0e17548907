import assert from "node:assert/strict";
import { Bench } from "../../proc/testing.ts";
import { type NativeCall, nativeRows } from "../../syscall/native_table.ts";

const NR = new Map<string, number>(nativeRows.map((row) => [row.name, row.number]));

/** Number of a native call. */
export function nr(name: NativeCall): number {
  return NR.get(name) ?? 0;
}

/** A native call by name; what it returned, or undefined while it blocks. */
export function native(
  b: Bench,
  hart: number,
  name: NativeCall,
  ...args: number[]
): number | undefined {
  return b.call(hart, nr(name), ...args);
}

/** As `native`, for a call that must answer a value. */
export function made(b: Bench, hart: number, name: NativeCall, ...args: number[]): number {
  const value = native(b, hart, name, ...args);
  assert.ok(value !== undefined && value >= 0, `${name}: ${value}`);
  return value;
}

/** Init on hart 0 with a child on hart 1, and init's token of the child. */
export function family(): { b: Bench; child: number; childToken: number } {
  const b = new Bench();
  const thread = b.fork();
  const child = b.processOf(thread);
  return { b, child, childToken: made(b, 0, "cap_process", b.s.process.pid[child]) };
}
