/** Many states of one arena, each kept as the words in which it differs from a common one. */
import type { Reducer } from "../../core/reducer.ts";
import { elementBytes } from "../../core/state/column.ts";
import { HEADER_WORDS } from "../../core/state/table.ts";

/** A state: places of words in the arena, ascending, and what is there. */
export interface Delta {
  readonly at: Uint32Array;
  readonly value: Int32Array;
}

interface Range {
  readonly start: number;
  readonly rowBytes: number;
  readonly elementBytes: number;
  /** Where the column with the used counts begins; -1 for none. */
  readonly counts: number;
}

/** Words of a page table's row with the bits of the entries that are there. */
const PRESENT = 16;

/**
 * Keeps states of one kernel's arena and goes back to them. Only what is in use is compared and
 * kept: rows below each watermark, and of page tables the entries that are present.
 */
export class ArenaStore {
  /** Words in use at most, of any state taken. */
  inUse = 0;
  /** Words of the largest state taken. */
  largest = 0;
  private readonly words: Int32Array;
  private readonly all: readonly Int32Array[];
  private readonly common: Int32Array;
  private readonly plan: readonly { header: number; ranges: readonly Range[] }[];
  private at = new Uint32Array(1 << 14);
  private value = new Int32Array(1 << 14);
  private found = 0;
  /** Where the watermark of the page tables is, their bits and their entries. */
  private readonly tables: number;
  private readonly present: number;
  private readonly entries: number;

  /** @param kernels kernels in the same state, which is the common one; all go together */
  constructor(private readonly kernels: readonly Reducer[]) {
    const { layout } = kernels[0];
    this.all = kernels.map(({ state }) => {
      const first = state.kernel.$header;
      const base = first.byteOffset - layout.tables[0].headerOffset;
      return new Int32Array(first.buffer, base, layout.bytes >>> 2);
    });
    this.words = this.all[0];
    this.common = this.words.slice();
    const { $header, present, entries } = kernels[0].state.pageTable;
    this.tables = ($header.byteOffset - this.words.byteOffset) >>> 2;
    this.present = (present.byteOffset - this.words.byteOffset) >>> 2;
    this.entries = (entries.byteOffset - this.words.byteOffset) >>> 2;
    this.plan = layout.tables.map((table) => ({
      header: table.headerOffset >>> 2,
      ranges: table.columns.filter((c) =>
        c.column.role !== "derived" && c.offset >>> 2 !== this.entries
      ).map((c) => {
        const counts = table.columns.find((other) => other.name === c.column.usedCount);
        return {
          start: c.offset >>> 2,
          rowBytes: elementBytes(c.column.type) * c.column.count,
          elementBytes: elementBytes(c.column.type),
          counts: c.column.usedCount === undefined || counts === undefined
            ? -1
            : counts.offset >>> 2,
        };
      }),
    }));
  }

  /** The state the arena is in. */
  take(): Delta {
    this.found = 0;
    let used = 0;
    const { words } = this;
    for (const { header, ranges } of this.plan) {
      this.compare(header, header + HEADER_WORDS);
      const rows = words[header];
      if (rows === 0) continue;
      for (const { start, rowBytes, elementBytes, counts } of ranges) {
        if (counts < 0) {
          // Row 0 means none and holds nothing: the recount looks.
          const from = start + (rowBytes >>> 2);
          const end = start + (((rows + 1) * rowBytes + 3) >>> 2);
          this.compare(from, end);
          used += end - from;
          continue;
        }
        for (let row = 1; row <= rows; row++) {
          const from = start + ((row * rowBytes) >>> 2);
          // What the common state has there and this one has no more is a difference as well.
          const most = Math.max(words[counts + row], this.common[counts + row]);
          const end = from + ((most * elementBytes + 3) >>> 2);
          this.compare(from, end);
          used += end - from;
        }
      }
    }
    used += this.comparePages();
    this.inUse = Math.max(this.inUse, used);
    this.largest = Math.max(this.largest, this.found);
    return { at: this.at.slice(0, this.found), value: this.value.slice(0, this.found) };
  }

  /** Goes from the state the arena is in to another. */
  go(from: Delta, to: Delta): void {
    const { common } = this;
    for (const words of this.all) {
      for (let i = 0; i < from.at.length; i++) words[from.at[i]] = common[from.at[i]];
      for (let i = 0; i < to.at.length; i++) words[to.at[i]] = to.value[i];
    }
    for (const kernel of this.kernels) kernel.rebuild();
  }

  /** Page tables; returns the words of the entries that are present. */
  private comparePages(): number {
    const { words, common, present, entries } = this;
    const rows = Math.max(words[this.tables], common[this.tables]);
    this.lookAtAbsent(rows);
    let used = 0;
    for (let at = PRESENT; at < (rows + 1) * PRESENT; at++) {
      let bits = words[present + at] | common[present + at];
      for (; bits !== 0; bits &= bits - 1) {
        const entry = entries + 2 * (32 * at + 31 - Math.clz32(bits & -bits));
        this.compare(entry, entry + 2);
        used += 2;
      }
    }
    return used;
  }

  /** Absent entries are not kept, so they must be zero: in every state. */
  private lookAtAbsent(rows: number): void {
    const { words, present, entries } = this;
    for (let at = PRESENT; at < (rows + 1) * PRESENT; at++) {
      const bits = words[present + at];
      const from = entries + 64 * at;
      let found = 0;
      if (bits === 0) {
        for (let i = from; i < from + 64; i += 4) {
          found |= words[i] | words[i + 1] | words[i + 2] | words[i + 3];
        }
      } else {
        for (let i = 0; i < 32; i++) {
          if (((bits >>> i) & 1) === 0) found |= words[from + 2 * i] | words[from + 2 * i + 1];
        }
      }
      if (found !== 0) throw new Error(`an absent entry of page table ${at >>> 4} is not zero`);
    }
  }

  private compare(from: number, to: number): void {
    const { words, common } = this;
    for (let i = from; i < to; i++) {
      if (words[i] === common[i]) continue;
      if (this.found === this.at.length) this.grow();
      this.at[this.found] = i;
      this.value[this.found++] = words[i];
    }
  }

  private grow(): void {
    const at = new Uint32Array(2 * this.at.length);
    at.set(this.at);
    const value = new Int32Array(2 * this.value.length);
    value.set(this.value);
    this.at = at;
    this.value = value;
  }
}
