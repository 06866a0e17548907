import { assert } from "../assert.ts";
import { ONE, type State } from "../kernel.ts";
import { watermark } from "../state/table.ts";
import { PAGE_BUCKETS } from "./tables.ts";

/** Position in `pageBucket` of the head for (object, index). */
function bucketOf(object: number, index: number): number {
  let h = Math.imul(object, 0x9e3779b1) ^ index;
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return ONE * PAGE_BUCKETS + ((h ^ (h >>> 13)) & (PAGE_BUCKETS - 1));
}

/** The row of an object's page, or 0 when it has none at that index. */
export function findPage(s: State, object: number, index: number): number {
  const p = s.objectPage;
  let row = s.memory.pageBucket[bucketOf(object, index)];
  while (row !== 0 && (p.index[row] !== index || p.object[row] !== object)) row = p.hashNext[row];
  return row;
}

/** Makes a page row findable. */
export function enterPage(s: State, row: number): void {
  const at = bucketOf(s.objectPage.object[row], s.objectPage.index[row]);
  s.objectPage.hashNext[row] = s.memory.pageBucket[at];
  s.memory.pageBucket[at] = row;
}

/** Takes a page row out of the hash. */
export function leavePage(s: State, row: number): void {
  const p = s.objectPage;
  const at = bucketOf(p.object[row], p.index[row]);
  let other = s.memory.pageBucket[at];
  if (other === row) {
    s.memory.pageBucket[at] = p.hashNext[row];
    return;
  }
  while (p.hashNext[other] !== row) {
    other = p.hashNext[other];
    assert(other !== 0, "a live object page is in its hash bucket");
  }
  p.hashNext[other] = p.hashNext[row];
}

/** Rebuilds the derived hash from the page rows. */
export function rebuildPageHash(s: State): void {
  s.memory.pageBucket.fill(0);
  s.objectPage.hashNext.fill(0, 0, watermark(s.objectPage) + 1);
  for (let row = 1; row <= watermark(s.objectPage); row++) {
    if (s.objectPage.$live[row] === 1) enterPage(s, row);
  }
}
