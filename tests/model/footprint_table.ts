/**
 * Footprints by number: equal ones have one number, so that what was once asked of two of them is
 * known. Number 0 is that of nothing.
 */
import { entryOf, rowOfEntry } from "./key_names.ts";
import { addFootprint, dependent, type Footprint, noFootprint } from "./footprint.ts";
import type { Recorder } from "./recorder.ts";

/** The number of a footprint of everything. */
export const EVERYTHING = -1;

/** What rows of one state are in another with the same key. */
export class Renaming {
  private readonly to = new Map<number, number>();

  /** @param from the rows of one in the order of their names; `to`: those of the other */
  constructor(from: Int32Array, to: Int32Array) {
    for (let i = 0; i < from.length; i++) this.to.set(from[i], to[i]);
  }

  /** The row that stands for a row of a table; 0 for one that is not there. */
  row(table: number, row: number): number {
    const entry = this.to.get(entryOf(table, row));
    return entry === undefined ? 0 : rowOfEntry(entry);
  }
}

/** Whether two orders of names are of the same rows: then nothing need be renamed. */
export function sameOrder(a: Int32Array, b: Int32Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The footprints of one search. */
export class FootprintTable {
  private readonly all: Footprint[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly unions = new Map<number, number>();
  private readonly answers = new Map<number, boolean>();

  constructor(private readonly recorder: Recorder) {
    this.number(noFootprint());
  }

  /** The number of a footprint, which must not change any more. */
  number(footprint: Footprint): number {
    const { written, touched, added } = footprint;
    const text = `${written.text()}|${touched.text()}|${added.text()}`;
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.all.push(footprint) - 1;
      this.numbers.set(text, number);
    }
    return number;
  }

  /** The number of what both touch. */
  union(a: number, b: number): number {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    if (a < 0 || b < 0) return EVERYTHING;
    const pair = a < b ? a * 2 ** 26 + b : b * 2 ** 26 + a;
    let number = this.unions.get(pair);
    if (number === undefined) {
      const sum = noFootprint();
      addFootprint(sum, this.all[a]);
      addFootprint(sum, this.all[b]);
      number = this.number(sum);
      this.unions.set(pair, number);
    }
    return number;
  }

  /** Whether events with these footprints may not change places. */
  dependent(a: number, b: number): boolean {
    if (a === 0 || b === 0) return false;
    if (a < 0 || b < 0) return true;
    const pair = a < b ? a * 2 ** 26 + b : b * 2 ** 26 + a;
    let answer = this.answers.get(pair);
    if (answer === undefined) {
      answer = dependent(this.all[a], this.all[b]);
      this.answers.set(pair, answer);
    }
    return answer;
  }

  /** Whether a footprint writes one of some columns. */
  writes(number: number, columns: ReadonlySet<string>): boolean {
    if (number <= 0) return number < 0;
    let found = false;
    this.all[number].written.forEach((n) => {
      if (columns.has(this.recorder.elements[n].column.name)) found = true;
    });
    return found;
  }

  /** A footprint in another state: what rows are not there is left out, as nobody knew them. */
  renamed(number: number, renaming: Renaming): number {
    if (number <= 0) return number;
    const to = noFootprint();
    const { recorder } = this;
    const from = this.all[number];
    for (const part of ["written", "touched", "added"] as const) {
      from[part].forEach((n) => {
        const { column, index } = recorder.elements[n];
        if (column.table < 0) return to[part].add(n);
        const row = Math.floor(index / column.count);
        const other = renaming.row(column.table, row);
        if (other === row) to[part].add(n);
        else if (other !== 0) {
          to[part].add(
            recorder.numberOf(column, other * column.count + index % column.count),
          );
        }
      });
    }
    return this.number(to);
  }
}
