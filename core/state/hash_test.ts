/** The state hash sees every element of every column that is state, and nothing else. */
import nodeAssert from "node:assert/strict";
import { type Capacities, layoutKernel } from "../reducer.ts";
import { kernelTables } from "../kernel.ts";
import type { PlacedColumn, PlacedTable } from "./arena.ts";
import { elementBytes } from "./column.ts";
import { hashText, makeArenaHash } from "./hash.ts";
import { HEADER_WORDS } from "./table.ts";

const ROWS = 3;
const USED = 2;

/** The kernel's own tables with few rows, each with all its rows in use. */
function kernelArena() {
  const capacities = Object.fromEntries(
    Object.entries(kernelTables).map(([key, spec]) => [key, Math.min(spec.capacity, ROWS)]),
  ) as Capacities;
  const layout = layoutKernel(capacities);
  const buffer = new ArrayBuffer(layout.bytes);
  const bytes = new Uint8Array(buffer);
  for (const table of layout.tables) {
    new Uint32Array(buffer, table.headerOffset, 1)[0] = table.capacity - 1;
    for (const { column } of table.columns) {
      const count = table.columns.find((c) => c.name === column.usedCount);
      if (count !== undefined) new Uint32Array(buffer, count.offset, table.capacity).fill(USED, 1);
    }
  }
  const take = makeArenaHash(layout, buffer, 0);
  const words = new Uint32Array(4);
  const hash = (): string => {
    take(words);
    return hashText(words);
  };
  return { layout, bytes, hash };
}

/** Bytes of a column worth looking at: the edges of its first and its last row. */
function edges(table: PlacedTable, { column, offset }: PlacedColumn): readonly [number, number] {
  const width = elementBytes(column.type);
  const elements = column.usedCount === undefined ? column.count : USED;
  const last = offset + (table.capacity - 1) * column.count * width;
  return [offset + column.count * width, last + elements * width - 1];
}

Deno.test("hash: the first and last byte of each column that is state count, of no other", () => {
  const { layout, bytes, hash } = kernelArena();
  const before = hash();
  let seen = 0;
  for (const table of layout.tables) {
    for (const placed of table.columns) {
      for (const at of edges(table, placed)) {
        const was = bytes[at];
        bytes[at] ^= 0x10;
        // A used count would make another column longer, and a row's neighbours belong to it.
        const counts = table.columns.some((c) => c.column.usedCount === placed.name);
        if (!counts) {
          const derived = placed.column.role === "derived";
          const name = `${table.key}.${placed.name} at ${at - placed.offset}`;
          nodeAssert.equal(hash() === before, derived, name);
        }
        bytes[at] = was;
        seen++;
      }
    }
  }
  nodeAssert.equal(hash(), before);
  nodeAssert.ok(seen > 400, `${seen} bytes`);
});

Deno.test("hash: the header of each table counts", () => {
  const { layout, bytes, hash } = kernelArena();
  const seen = new Set([hash()]);
  let headers = 0;
  for (const table of layout.tables) {
    // The watermark aside, which decides what is looked at.
    for (let word = 1; word < HEADER_WORDS; word++) {
      bytes[table.headerOffset + 4 * word]++;
      seen.add(hash());
      bytes[table.headerOffset + 4 * word]--;
      headers++;
    }
  }
  nodeAssert.equal(seen.size, 1 + headers);
});

Deno.test("hash: elements beyond a used count do not count", () => {
  const { layout, bytes, hash } = kernelArena();
  const before = hash();
  let seen = 0;
  for (const table of layout.tables) {
    for (const { column, offset } of table.columns) {
      if (column.usedCount === undefined) continue;
      const width = elementBytes(column.type);
      // The next whole word: the hash reads words.
      const beyond = Math.ceil(USED * width / 4) * 4;
      bytes[offset + column.count * width + beyond] ^= 1;
      nodeAssert.equal(hash(), before, table.key);
      seen++;
    }
  }
  nodeAssert.ok(seen >= 2);
});
