import type { State } from "../kernel.ts";

/** User who may do what others may not. */
const ROOT = 0;

/** Whether a process is root's. */
export function isRoot(s: State, process: number): boolean {
  return s.process.uid[process] === ROOT;
}
