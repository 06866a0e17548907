/** Walks of linked lists that trust nothing they read. */
import type { Report } from "./checker.ts";

/** Rows met in one round of walks, so that a circle or a row in two lists is seen. */
export class Marks {
  readonly #met: Uint32Array;
  #round = 0;

  constructor(rows: number) {
    this.#met = new Uint32Array(rows);
  }

  /** Forgets every row met. */
  begin(): void {
    this.#round++;
  }

  /** Meets a row; false when it was met before in this round. */
  take(row: number): boolean {
    if (this.#met[row] === this.#round) return false;
    this.#met[row] = this.#round;
    return true;
  }

  has(row: number): boolean {
    return this.#met[row] === this.#round;
  }
}

/** One kind of list: where its rows are linked. */
export interface Links {
  /** Name of the rows' table. */
  readonly table: string;
  readonly next: ArrayLike<number>;
  /** The link back, where there is one. */
  readonly previous?: ArrayLike<number>;
  /** 1 for the rows that may be in a list; the opposite of `free`. */
  readonly live?: ArrayLike<number>;
}

/**
 * Walks a list once: every link names a row of the table that is in no other list of the round, the
 * links back mirror the links on, and the last row is what the tail says.
 *
 * @param list name of the list, for messages
 * @param tail what the tail column says, where there is one
 * @param each called with every row
 * @returns rows in the list
 */
export function walkList(
  report: Report,
  id: string,
  list: string,
  links: Links,
  head: number,
  marks: Marks,
  tail?: number,
  each?: (row: number) => void,
): number {
  let before = 0;
  let length = 0;
  for (let row = head; row !== 0; row = links.next[row] ?? 0) {
    if (row >= links.next.length) {
      report(id, list, `${links.table} ${row} is beyond the table`);
      return length;
    }
    if (!marks.take(row)) {
      report(id, `${links.table} ${row}`, `met twice, again in ${list}`);
      return length;
    }
    if (links.live !== undefined && links.live[row] !== 1) {
      report(id, `${links.table} ${row}`, `free, but in ${list}`);
      return length;
    }
    if (links.previous !== undefined && links.previous[row] !== before) {
      report(
        id,
        `${links.table} ${row}`,
        `follows ${before} in ${list}, but its link back names ${links.previous[row]}`,
      );
    }
    each?.(row);
    before = row;
    length++;
  }
  if (tail !== undefined && tail !== before) {
    report(id, list, `ends with ${before}, but its tail names ${tail}`);
  }
  return length;
}
