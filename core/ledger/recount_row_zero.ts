import type { State } from "../kernel.ts";
import type { TableBase } from "../state/table.ts";
import { viewOf } from "../state/view.ts";
import type { Reach } from "./recount_walk.ts";

/** Row 0 of one column, in words or, where it is no whole number of them, in bytes. */
interface Blank {
  readonly key: string;
  readonly name: string;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

function isBlank({ words, bytes }: Blank): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * Makes the check that no table's row 0 was written: it means "none", so whoever writes it followed
 * a handle that names nothing. Columns are looked at in words, whatever their type: some are long.
 */
export function makeRowZeroCheck(s: State): (reach: Reach) => void {
  const blanks: Blank[] = [];
  for (const [key, table] of Object.entries(s) as [string, TableBase][]) {
    for (const [name, column] of Object.entries(table.$spec.columns)) {
      if (column.role === "derived") continue;
      const { buffer, byteOffset, BYTES_PER_ELEMENT } = viewOf(table, name);
      const length = BYTES_PER_ELEMENT * column.count;
      const words = length >>> 2;
      blanks.push({
        key,
        name,
        words: new Int32Array(buffer, byteOffset, words),
        bytes: new Uint8Array(buffer, byteOffset + 4 * words, length - 4 * words),
      });
    }
  }
  return (reach) => {
    for (const blank of blanks) {
      if (isBlank(blank)) continue;
      reach.report(blank.key, 0, `${blank.name} of the row that means none was written`);
    }
  };
}
