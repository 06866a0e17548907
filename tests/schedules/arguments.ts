/** Arguments of scripts' calls as a machine would find them in memory, and what makes no call. */
import { rowOf } from "../../core/syscall/rows.ts";
import { type Action, type Argument, CODE, OP_BYTES, type Word } from "./script.ts";

const encoder = new TextEncoder();

/** Whether an argument is a word in memory. */
export const isWord = (argument: Argument): argument is Word =>
  typeof argument === "object" && argument !== null && "word" in argument;

/** Whether a call reads its nth argument, by its row. */
export function isRead(number: number, args: readonly Argument[], nth: number): boolean {
  const how = rowOf(number)?.args[nth]?.how;
  return how?.kind !== "inSelected" || Number(args[how.selector]) in how.bytes;
}

/** The bytes of a copied-in argument. */
export function bytesOf(
  given: string | Uint8Array | Action,
  labelAt: (name: string) => number,
): Uint8Array {
  if (typeof given === "string") return encoder.encode(given);
  if (given instanceof Uint8Array) return given;
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CODE + OP_BYTES * labelAt(given.handler), true);
  view.setUint32(8, given.flags, true);
  bytes.set(given.mask, 16);
  return bytes;
}

/** Instructions that only their own thread can tell of. */
export const LOCAL: ReadonlySet<string> = new Set(["say", "ifZero", "label", "keep"]);
