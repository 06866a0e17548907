/**
 * Doubly linked lists in order of priority, first come first among equals. Rows of one priority
 * form a stretch whose two ends name each other, so a place is found in as many steps as there are
 * priorities, however long the list is.
 */

/** The columns of a table whose rows such lists link. */
export interface PriorityLinks {
  readonly next: Uint32Array;
  readonly previous: Uint32Array;
  /** At the first and the last row of a stretch: the other one. */
  readonly mate: Uint32Array;
  readonly priority: Uint8Array;
}

/**
 * Links a row behind all rows of its priority or a higher one.
 *
 * @param heads first rows by list
 * @param tails last rows by list
 * @returns stretches passed: the units of work it took
 */
export function enterByPriority(
  links: PriorityLinks,
  heads: Uint32Array,
  tails: Uint32Array,
  list: number,
  row: number,
): number {
  const { next, previous, mate, priority } = links;
  const own = priority[row];
  let last = tails[list];
  let passed = 0;
  while (last !== 0 && priority[last] < own) {
    last = previous[mate[last]];
    passed++;
  }
  const after = last === 0 ? heads[list] : next[last];
  previous[row] = last;
  next[row] = after;
  if (last === 0) heads[list] = row;
  else next[last] = row;
  if (after === 0) tails[list] = row;
  else previous[after] = row;
  if (last === 0 || priority[last] !== own) {
    mate[row] = row;
    return passed;
  }
  const first = mate[last];
  if (first !== last) mate[last] = 0;
  mate[first] = row;
  mate[row] = first;
  return passed;
}

/** Makes a row's neighbours of its priority the ends of their stretch, before it is unlinked. */
export function leaveStretch(links: PriorityLinks, row: number): void {
  const { next, previous, mate } = links;
  const other = mate[row];
  mate[row] = 0;
  // In the middle of its stretch it is no end; alone, it takes the stretch with it.
  if (other === 0 || other === row) return;
  const isFirst = previous[row] === 0 || links.priority[previous[row]] !== links.priority[row];
  const end = isFirst ? next[row] : previous[row];
  mate[end] = other;
  mate[other] = end;
}

/** Unlinks a row from its list. */
export function leaveByPriority(
  links: PriorityLinks,
  heads: Uint32Array,
  tails: Uint32Array,
  list: number,
  row: number,
): void {
  leaveStretch(links, row);
  const after = links.next[row];
  const before = links.previous[row];
  if (before === 0) heads[list] = after;
  else links.next[before] = after;
  if (after === 0) tails[list] = before;
  else links.previous[after] = before;
  links.next[row] = 0;
  links.previous[row] = 0;
}
