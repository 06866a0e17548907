import type { SyscallRow } from "./row.ts";
import { linuxRows } from "./table.ts";
import { qnxRows } from "./qnx_table.ts";
import { nativeRows } from "./native_table.ts";
import { toyRows } from "./toy_table.ts";

/** Call numbers lie below this; what lies above is unknown. */
export const CALL_LIMIT = 1024;

/** Every call of every personality. */
export const syscallRows: readonly SyscallRow[] = [
  ...linuxRows,
  ...toyRows,
  ...qnxRows,
  ...nativeRows,
];

const byNumber: readonly (SyscallRow | undefined)[] = (() => {
  const rows: (SyscallRow | undefined)[] = new Array(CALL_LIMIT).fill(undefined);
  for (const row of syscallRows) rows[row.number] = row;
  return rows;
})();

/** The row of a call number (a7), or undefined for one that nobody answers. */
export function rowOf(call: number): SyscallRow | undefined {
  return call < CALL_LIMIT ? byNumber[call] : undefined;
}
