/** Arenas as the purity check treats them: rubbish where nothing is, and only whole numbers. */
import { elementBytes } from "../../core/state/column.ts";
import type { ArenaBytes } from "../../core/state/snapshot.ts";

const watermarkOf = (arena: ArenaBytes, headerOffset: number): number =>
  new Uint32Array(arena.buffer, arena.base + headerOffset, 1)[0];

/** Fills the elements beyond each declared used count, up to the watermarks: they are not state. */
export function soilArena(arena: ArenaBytes, rubbish: number): void {
  const bytes = new Uint8Array(arena.buffer, arena.base, arena.layout.bytes);
  for (const table of arena.layout.tables) {
    const rows = watermarkOf(arena, table.headerOffset);
    for (const { column, offset } of table.columns) {
      if (column.usedCount === undefined) continue;
      const counts = table.columns.find((c) => c.name === column.usedCount);
      if (counts === undefined) throw new Error(`no column ${column.usedCount}`);
      const used = new Uint32Array(arena.buffer, arena.base + counts.offset, rows + 1);
      const width = elementBytes(column.type);
      for (let row = 1; row <= rows; row++) {
        const at = offset + row * column.count * width;
        bytes.fill(rubbish, at + used[row] * width, at + column.count * width);
      }
    }
  }
}

/**
 * The first f64 in use that is no whole number below 2^53, or "". Above all it is no NaN: two of
 * them are never equal as numbers, and whether they are as bytes is the host's choice.
 */
export function notWhole(arena: ArenaBytes): string {
  for (const table of arena.layout.tables) {
    const rows = watermarkOf(arena, table.headerOffset);
    for (const { name, column, offset } of table.columns) {
      if (column.type !== "f64" || column.usedCount !== undefined) continue;
      const values = new Float64Array(
        arena.buffer,
        arena.base + offset,
        (rows + 1) * column.count,
      );
      for (let i = 0; i < values.length; i++) {
        if (Number.isSafeInteger(values[i]) && !Object.is(values[i], -0)) continue;
        return `${table.key}[${Math.floor(i / column.count)}].${name} is ${values[i]}`;
      }
    }
  }
  return "";
}
