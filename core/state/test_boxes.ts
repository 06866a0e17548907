/** A small schema for the tests of the generic passes. */
import { type ArenaLayout, bindArena, type Bound, layoutArena } from "./arena.ts";
import { f64, holds, owns, u16, u32, u8 } from "./column.ts";
import type { ArenaBytes } from "./snapshot.ts";
import { table } from "./table.ts";

export const tables = {
  box: table("box", { doc: "Boxes | crates.", capacity: 20, root: true }, {
    size: f64("bytes"),
    colour: u8("a number"),
    lid: owns("lid", "its lid"),
    name: u8("text", { count: 8 }),
    list: u32("numbers", { count: 100, usedCount: "listed" }),
    listed: u32("how many"),
    guess: u32("a cache", { role: "derived" }),
  }),
  lid: table("lid", { doc: "Lids.", capacity: 20 }, {
    weight: u16("grams"),
    under: holds("box", "box below"),
  }),
};
export const layout: ArenaLayout = layoutArena(tables);

/** A zeroed arena that does not begin where its buffer does. */
export function fresh(): { s: Bound<typeof tables>; arena: ArenaBytes } {
  const buffer = new ArrayBuffer(layout.bytes + 4096);
  return { s: bindArena(tables, layout, buffer, 4096), arena: { layout, buffer, base: 4096 } };
}
