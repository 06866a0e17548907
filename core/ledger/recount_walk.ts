import { PageTableLayout, Pte, RAM_BASE_PAGE } from "../isa/riscv64.ts";
import { kernelTables, ONE, type State } from "../kernel.ts";
import { frameOfPfn, pfnOf } from "../mem/frame.ts";
import type { Column, HandleKind } from "../state/column.ts";
import { targetOf } from "../state/target.ts";
import type { TableBase } from "../state/table.ts";
import { viewOf } from "../state/view.ts";

/** Something the recount found wrong. */
export interface Finding {
  readonly table: string;
  readonly row: number;
  /** One line that names table, row and what is wrong. */
  readonly text: string;
}

/** How a frame was reached; bits of `Reach.frameUse`. */
export const FrameUse = { Table: 1, Quarantine: 2, Page: 4, Buffer: 8, Leaf: 16 } as const;

/**
 * Columns the walk takes otherwise than declared. The free list is what the books claim, not a way
 * to reach a frame; its links also carry the quarantine lists, which are followed from their heads.
 */
const OTHERWISE: Readonly<Record<string, HandleKind | "claim">> = {
  "memory.freeHead": "claim",
  "frame.next": "claim",
  "chunkRequest.next": "owns",
};

/** Columns that begin a chain of frames linked by frame.next. */
const QUARANTINE_HEADS: ReadonlySet<string> = new Set([
  "shootdown.firstFrame",
  "memory.releasedHead",
]);

/** Most findings that are kept; a broken state has thousands that say the same. */
const FINDINGS = 200;

/** Where an edge leads: the position of a table, and how the edge binds its row. */
interface End {
  readonly target: number;
  readonly kind: "owns" | "holds";
}

interface Edge {
  readonly text: string;
  readonly view: ArrayLike<number>;
  readonly count: number;
  readonly used: ArrayLike<number> | undefined;
  /** Of what kind each element is, where the row says so. */
  readonly kinds: ArrayLike<number> | undefined;
  /** Where elements of each kind lead; of kind 0 where there are no kinds. */
  readonly ends: readonly (End | "elsewhere" | undefined)[];
}

interface Node {
  readonly key: string;
  readonly table: TableBase;
  readonly edges: readonly Edge[];
  /** A recount starts at every row of such a table. */
  readonly root: boolean;
}

const keys: readonly string[] = Object.keys(kernelTables);
const FRAME = keys.indexOf("frame");
const SPACE = keys.indexOf("addressSpace");
/** Rows of a table lie below this in the work list's encoding. */
const ROWS = 2 ** 26;

/** Where a column's elements lead, by kind; "elsewhere" for handles the walk does not follow. */
function endsOf(key: string, name: string, column: Column): (End | "elsewhere" | undefined)[] {
  const kinds = column.handle?.byKind === undefined
    ? [0]
    : Object.keys(column.handle.byKind.targets).map(Number);
  const ends: (End | "elsewhere" | undefined)[] = [];
  for (const kind of kinds) {
    const to = targetOf(column, kind);
    if (to === undefined) continue;
    const binding = OTHERWISE[`${key}.${name}`] ?? to.kind;
    ends[kind] = binding === "owns" || binding === "holds"
      ? { target: keys.indexOf(to.table), kind: binding }
      : "elsewhere";
  }
  return ends;
}

function edgesOf(s: State, key: string): Edge[] {
  const table: TableBase = s[key as keyof State];
  const edges: Edge[] = [];
  for (const [name, column] of Object.entries(table.$spec.columns)) {
    const ends = endsOf(key, name, column);
    const kinds = column.handle?.byKind?.column;
    // A column by kind is followed even if no kind is: a handle of a kind without a table is wrong.
    if (kinds === undefined && typeof ends[0] !== "object") continue;
    edges.push({
      text: `${key}.${name}`,
      view: viewOf(table, name),
      count: column.count,
      used: column.usedCount === undefined ? undefined : viewOf(table, column.usedCount),
      kinds: kinds === undefined ? undefined : viewOf(table, kinds),
      ends,
    });
  }
  return edges;
}

/** Whether a table's rows may be owned by a row. */
function isOwned(edges: readonly Edge[], index: number): boolean {
  return edges.some((edge) =>
    edge.ends.some((end) => typeof end === "object" && end.target === index && end.kind === "owns")
  );
}

/**
 * What can be reached from the root tables along owning and holding columns and page tables. The
 * walk reads no free list, live flag, generation, reference count or balance: those are what it is
 * compared with.
 */
export class Reach {
  /** Owners found of each row, by table. */
  readonly owners: readonly Uint8Array[];
  /** Holders found of each row, leaf PTEs among them, by table. */
  readonly holders: readonly Uint32Array[];
  /** Rows reached, by table. */
  readonly reached: Float64Array = new Float64Array(keys.length);
  /** FrameUse bits of each frame. */
  readonly frameUse: Uint8Array;
  readonly findings: Finding[] = [];

  readonly #s: State;
  readonly #nodes: readonly Node[];
  readonly #work: number[] = [];
  readonly #highest: Uint32Array = new Uint32Array(keys.length);

  constructor(s: State) {
    this.#s = s;
    const edges = keys.map((key) => edgesOf(s, key));
    const all = edges.flat();
    this.#nodes = keys.map((key, index) => {
      const table: TableBase = s[key as keyof State];
      return {
        key,
        table,
        edges: edges[index],
        root: table.$spec.root && !isOwned(all, index),
      };
    });
    this.owners = this.#nodes.map((n) => new Uint8Array(n.table.$capacity));
    this.holders = this.#nodes.map((n) => new Uint32Array(n.table.$capacity));
    this.frameUse = new Uint8Array(s.frame.$capacity);
  }

  /** Position of a table in the arrays by table. */
  static indexOf(key: keyof State): number {
    return keys.indexOf(key);
  }

  /** Keys of the tables, in the order of the arrays by table. */
  static get keys(): readonly string[] {
    return keys;
  }

  /** Whether a table's rows are where the walk starts, and so need no owner. */
  isRoot(index: number): boolean {
    return this.#nodes[index].root;
  }

  /** Whether the walk reached a row. */
  has(index: number, row: number): boolean {
    return this.owners[index][row] > 0 || this.holders[index][row] > 0;
  }

  /** Highest row of a table that the walk reached. */
  highestOf(index: number): number {
    return this.#highest[index];
  }

  /** Notes something wrong with a row. */
  report(table: string, row: number, what: string): void {
    if (this.findings.length >= FINDINGS) return;
    this.findings.push({ table, row, text: `${table} ${row}: ${what}` });
  }

  /** Walks everything anew, over what an earlier walk found. */
  walk(): void {
    this.#forget();
    this.#nodes.forEach((node, index) => {
      if (!node.root) return;
      for (let row = 1; row < node.table.$capacity; row++) this.#follow(index, row);
    });
    for (let next = this.#work.pop(); next !== undefined; next = this.#work.pop()) {
      const index = Math.floor(next / ROWS);
      this.#follow(index, next % ROWS);
    }
  }

  #forget(): void {
    this.findings.length = 0;
    for (let i = 0; i < keys.length; i++) {
      this.owners[i].fill(0, 0, this.#highest[i] + 1);
      this.holders[i].fill(0, 0, this.#highest[i] + 1);
    }
    this.frameUse.fill(0, 0, this.#highest[FRAME] + 1);
    this.#highest.fill(0);
    this.reached.fill(0);
  }

  #follow(index: number, row: number): void {
    for (const edge of this.#nodes[index].edges) {
      const count = edge.used === undefined ? edge.count : edge.used[row];
      for (let at = row * edge.count; at < row * edge.count + count; at++) {
        const target = edge.view[at];
        if (target !== 0) this.#take(edge, row, target, edge.kinds?.[at] ?? 0);
      }
    }
    if (index === SPACE) this.#walkSpace(row);
  }

  #take(edge: Edge, row: number, target: number, kind: number): void {
    const end = edge.ends[kind];
    if (end === "elsewhere") return;
    if (end === undefined) {
      const key = edge.text.split(".")[0];
      return this.report(key, row, `${edge.text} is a handle of kind ${kind}, which has no table`);
    }
    if (!this.#reach(end.target, target, end.kind, `${edge.text}[${row}]`)) return;
    if (end.target !== FRAME) return;
    if (QUARANTINE_HEADS.has(edge.text)) this.#followQuarantine(edge.text, row, target);
    else {
      this.frameUse[target] |= edge.text === "objectPage.frame"
        ? FrameUse.Page
        : end.kind === "owns"
        ? FrameUse.Table
        : FrameUse.Buffer;
    }
  }

  /** Counts an owner or holder of a row, and looks into the row when it is the first. */
  #reach(index: number, row: number, kind: "owns" | "holds", from: string): boolean {
    const node = this.#nodes[index];
    if (row >= node.table.$capacity) {
      this.report(node.key, row, `${from} names a row beyond the table`);
      return false;
    }
    const first = !this.has(index, row);
    if (kind === "holds") this.holders[index][row]++;
    else {
      if (this.owners[index][row] < 255) this.owners[index][row]++;
      if (this.owners[index][row] > 1) {
        this.report(node.key, row, `owned more than once, again by ${from}`);
      }
    }
    if (!first) return true;
    if (row > this.#highest[index]) this.#highest[index] = row;
    this.reached[index]++;
    if (!node.root) this.#work.push(index * ROWS + row);
    return true;
  }

  #followQuarantine(from: string, row: number, first: number): void {
    const next = this.#s.frame.next;
    this.frameUse[first] |= FrameUse.Quarantine;
    for (let frame = next[first]; frame !== 0; frame = next[frame]) {
      if (!this.#reach(FRAME, frame, "owns", `${from}[${row}]`)) return;
      // A frame seen before ends the chain, or a circle would have no end.
      if ((this.frameUse[frame] & FrameUse.Quarantine) !== 0) return;
      this.frameUse[frame] |= FrameUse.Quarantine;
    }
  }

  #walkSpace(space: number): void {
    const s = this.#s;
    const root = s.addressSpace.root[space];
    if (root === 0 || root >= s.frame.$capacity) return;
    const count = { tables: 1, leaves: 0 };
    this.#walkTable(space, root, PageTableLayout.levels - 1, count);
    if (count.tables !== s.addressSpace.tables[space]) {
      this.report(
        "addressSpace",
        space,
        `page-table pages: ${count.tables} found, tables says ${s.addressSpace.tables[space]}`,
      );
    }
    if (count.leaves !== s.addressSpace.resident[space]) {
      this.report(
        "addressSpace",
        space,
        `leaf PTEs: ${count.leaves} found, resident says ${s.addressSpace.resident[space]}`,
      );
    }
  }

  #walkTable(
    space: number,
    frame: number,
    level: number,
    count: { tables: number; leaves: number },
  ): void {
    const s = this.#s;
    const table = s.frame.pageTable[frame];
    if (table === 0 || table >= s.pageTable.$capacity) {
      this.report("frame", frame, `a page table of space ${space} without a pageTable row`);
      return;
    }
    const entries = s.pageTable.entries;
    const begin = table * PageTableLayout.entries * 2;
    let used = 0;
    for (let i = 0; i < PageTableLayout.entries; i++) {
      const lo = entries[begin + 2 * i];
      const bit = s.pageTable.present[table * (PageTableLayout.entries / 32) + (i >>> 5)];
      if (((bit >>> (i & 31)) & 1) !== (lo & Pte.Valid)) {
        this.report("pageTable", table, `PTE ${i} and its bit in present differ`);
      }
      if ((lo & Pte.Valid) === 0) continue;
      used++;
      const hi = entries[begin + 2 * i + 1];
      const target = this.#frameNamed(space, table, i, lo, hi);
      if (target === 0) continue;
      const leaf = (lo & (Pte.Read | Pte.Write | Pte.Execute)) !== 0;
      if (leaf !== (level === 0)) {
        this.report("pageTable", table, `PTE ${i} of level ${level} is the wrong kind`);
      } else if (leaf) {
        this.#reach(FRAME, target, "holds", `pageTable.entries[${table}]`);
        this.frameUse[target] |= FrameUse.Leaf;
        count.leaves++;
      } else {
        const again = (this.frameUse[target] & FrameUse.Table) !== 0;
        this.#reach(FRAME, target, "owns", `pageTable.entries[${table}]`);
        this.frameUse[target] |= FrameUse.Table;
        count.tables++;
        if (!again) this.#walkTable(space, target, level - 1, count);
      }
    }
    if (used !== s.pageTable.used[table]) {
      this.report("pageTable", table, `${used} valid PTEs, used says ${s.pageTable.used[table]}`);
    }
  }

  #frameNamed(space: number, table: number, index: number, lo: number, hi: number): number {
    const s = this.#s;
    const page = (hi * 2 ** (32 - PageTableLayout.pageNumberShift)) +
      (lo >>> PageTableLayout.pageNumberShift);
    const pfn = page - RAM_BASE_PAGE;
    const frame = frameOfPfn(s, pfn);
    if (frame >= 1 && frame <= s.memory.backed[ONE] && pfnOf(s, frame) === pfn) return frame;
    this.report("pageTable", table, `PTE ${index} of space ${space} names no backed frame`);
    return 0;
  }
}
