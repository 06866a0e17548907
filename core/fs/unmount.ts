import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { removeEntry } from "./directory.ts";
import { dropInode } from "./inode.ts";
import { drainStreams } from "./stream.ts";

/** A directory without subdirectories that have entries: where emptying a tree begins. */
function deepestFrom(s: State, directory: number): number {
  let at = directory;
  for (;;) {
    const entry = s.inode.firstEntry[at];
    if (entry === 0) return at;
    const child = s.directoryEntry.inode[entry];
    if (s.inode.firstEntry[child] === 0) return at;
    at = child;
  }
}

/**
 * Takes the file system apart, at most UNITS names per call, once no process is left.
 *
 * @returns 1 when nothing is left, 0 when there is more to do
 */
export function unmountStep(s: State, fx: Effects, h: number): number {
  const root = s.kernel.rootInode[ONE];
  if (root === 0) return 1;
  drainStreams(s, fx);
  let at = deepestFrom(s, root);
  let done = 0;
  for (; done < UNITS; done++) {
    if (s.inode.firstEntry[at] === 0) {
      if (at === root) break;
      at = s.inode.parent[at];
      continue;
    }
    at = deepestFrom(s, at);
    removeEntry(s, fx, h, s.inode.firstEntry[at]);
  }
  fx.charge(done);
  if (s.inode.firstEntry[root] !== 0) return 0;
  s.kernel.rootInode[ONE] = 0;
  s.inode.parent[root] = 0;
  dropInode(s, fx, h, root);
  return 1;
}
