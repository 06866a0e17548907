import type { Effects } from "../effect.ts";
import { PAGE_BYTES } from "../limits.ts";

/**
 * User page every space maps read-execute: where signal handlers return to, and where process 1
 * starts. Its contents are the same in every process of every boot.
 */
export const trampolineAddress = 0x3f_ffff_e000;

/** Page number of the trampoline. */
export const trampolinePage = trampolineAddress / PAGE_BYTES;

/** Offset of the first process's first instruction in the page. */
export const START_OFFSET = 16;

/** `li a7, 139; ecall` (rt_sigreturn). */
const RETURN_CODE = [0x08b00893, 0x00000073];
/** `li a7, 221; ecall` (execve); on failure `sub a0, x0, a0; li a7, 94; ecall` (exit_group). */
const START_CODE = [0x0dd00893, 0x00000073, 0x40a00533, 0x05e00893, 0x00000073];

/** Writes the page's code into a zeroed frame. */
export function writeTrampoline(fx: Effects, frame: number): void {
  const words = [...RETURN_CODE, 0, 0, ...START_CODE];
  const at = fx.reserveBytes(words.length * 4);
  for (let i = 0; i < words.length; i++) fx.setU32(at + 4 * i, words[i]);
  fx.write(frame, 0, at, words.length * 4);
}
