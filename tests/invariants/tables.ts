/** C26, C23: freed rows are blank, lookup tables find what there is, an object has a page once. */
import type { State } from "../../core/kernel.ts";
import type { TableBase } from "../../core/state/table.ts";
import { type Check, eachLive, type Group, type Report, top } from "./checker.ts";
import { type Links, Marks, walkList } from "./lists.ts";

/** Events between two looks at what is too much to look at after each. */
export const INTERVAL = 64;

/** A freed row that is not blank was written after it was freed, or not freed whole. */
function checkBlank(report: Report, name: string, table: TableBase): void {
  const columns = table as unknown as Readonly<Record<string, ArrayLike<number>>>;
  for (let row = 1; row <= top(table); row++) {
    if (table.$live[row] === 1) continue;
    for (const [key, { count, role }] of Object.entries(table.$spec.columns)) {
      if (role === "derived") continue;
      for (let at = row * count; at < (row + 1) * count; at++) {
        if (columns[key]?.[at] === 0) continue;
        report("C26", `${name} ${row}`, `free, but ${key} holds ${columns[key]?.[at]}`);
        break;
      }
    }
  }
}

/** A hash table: its buckets, and the rows that must be found in them. */
interface Buckets {
  readonly name: string;
  readonly heads: ArrayLike<number>;
  readonly table: TableBase;
  readonly links: Links;
}

function bucketsOf(s: State): readonly Buckets[] {
  const of = (
    name: string,
    table: TableBase,
    heads: ArrayLike<number>,
    next: ArrayLike<number>,
  ) => ({
    name,
    heads,
    table,
    links: { table: table.$spec.name, next, live: table.$live },
  });
  return [
    of("pid hash", s.process, s.kernel.pidBucket, s.process.pidNext),
    of("page hash", s.objectPage, s.memory.pageBucket, s.objectPage.hashNext),
    of("futex hash", s.futex, s.kernel.futexBucket, s.futex.hashNext),
    of("name hash", s.directoryEntry, s.fileSystem.nameBucket, s.directoryEntry.hashNext),
  ];
}

function checkBuckets(report: Report, buckets: Buckets, marks: Marks): void {
  marks.begin();
  const { heads, name, links, table } = buckets;
  for (let at = 0; at < heads.length; at++) {
    if (heads[at] !== 0) walkList(report, "C26", name, links, heads[at] ?? 0, marks);
  }
  eachLive(table, (row) => {
    if (!marks.has(row)) report("C26", `${links.table} ${row}`, `in no bucket of the ${name}`);
  });
}

/** C23: no two pages of an object have one index, and none lies beyond its end. */
function checkPages(s: State, report: Report, seen: Set<number>): void {
  seen.clear();
  eachLive(s.objectPage, (page) => {
    const object = s.objectPage.object[page];
    const index = s.objectPage.index[page];
    const key = object * 2 ** 32 + index;
    if (seen.has(key)) report("C23", `objectPage ${page}`, `a second page ${index} of ${object}`);
    seen.add(key);
    if (index >= s.memoryObject.sizePages[object]) {
      report("C23", `objectPage ${page}`, `page ${index} beyond the end of object ${object}`);
    }
  });
}

/** Blank rows and lookup tables, looked at every INTERVAL events; pages of objects, after each. */
export const tables: Group = {
  name: "tables",
  ids: ["C26", "C23"],
  make: ({ state: s }): Check => {
    const all = bucketsOf(s).map((b) => ({ b, marks: new Marks(b.table.$capacity) }));
    const seen = new Set<number>();
    return (e, report) => {
      checkPages(s, report, seen);
      if (e.order % INTERVAL !== 0) return;
      for (const [name, table] of Object.entries(s)) checkBlank(report, name, table);
      for (const { b, marks } of all) checkBuckets(report, b, marks);
    };
  },
};
