import { Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { isCurrent } from "../state/table.ts";

/** Positions in a listing: `.` is at 0, `..` at 1, entries at their cookie less one. */
export const ListPosition = { Self: 0, Parent: 1, FirstEntry: 2 } as const;

/** Entries skipped that count as one unit of work. */
const SKIPS_A_UNIT = 16;

/** The position after an entry, where a listing goes on. */
export function positionAfter(s: State, entry: number): number {
  return s.directoryEntry.cookie[entry];
}

/**
 * The first entry at or after the position of an open directory.
 *
 * @returns the entry, 0 at the end, or Result.Restart when the search for it goes on in a further
 * event from where it has come
 */
export function entryFrom(s: State, file: number): number {
  const directory = s.openFile.inode[file];
  const position = s.openFile.offset[file];
  const d = s.directoryEntry;
  const last = s.openFile.entry[file];
  // Going on from the entry listed last is free; it may be gone, though, or only searched so far.
  let entry = s.inode.firstEntry[directory];
  if (
    isCurrent(d, last, s.openFile.entryGeneration[file]) && d.directory[last] === directory &&
    d.cookie[last] <= position
  ) entry = last;
  for (let n = 0; entry !== 0 && d.cookie[entry] <= position; n++) {
    if (n === UNITS * SKIPS_A_UNIT) {
      setListed(s, file, entry, position);
      return Result.Restart;
    }
    entry = d.next[entry];
  }
  return entry;
}

/** Notes how far an open directory has been listed. */
export function setListed(s: State, file: number, entry: number, position: number): void {
  s.openFile.offset[file] = position;
  s.openFile.entry[file] = entry;
  s.openFile.entryGeneration[file] = entry === 0 ? 0 : s.directoryEntry.$generation[entry];
}

/** Units of work of listing that many entries. */
export function listCost(entries: number): number {
  return 1 + Math.floor(entries / SKIPS_A_UNIT);
}
