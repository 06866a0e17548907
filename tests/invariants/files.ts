/** I14, C14: a path means one thing, and the tree of directories is a tree. */
import { InodeKind, OpenFlag } from "../../core/fs/tables.ts";
import type { State } from "../../core/kernel.ts";
import { type Check, eachLive, type Group, ONLY, type Report } from "./checker.ts";

const CHUNK = 32;

function textOf(s: State, first: number, length: number): string {
  let text = "";
  for (let chunk = first; chunk !== 0 && text.length < length; chunk = s.nameChunk.next[chunk]) {
    for (let i = 0; i < CHUNK && text.length < length; i++) {
      text += String.fromCharCode(s.nameChunk.bytes[chunk * CHUNK + i]);
    }
  }
  return text;
}

/** Names of one directory: no two alike, in the order they were given out for listings. */
function checkDirectory(s: State, report: Report, directory: number, names: Uint32Array): void {
  const d = s.directoryEntry;
  const seen = new Set<string>();
  let cookie = 0;
  for (let e = s.inode.firstEntry[directory]; e !== 0; e = d.next[e]) {
    const name = textOf(s, d.name[e], d.nameLength[e]);
    const row = `directoryEntry ${e}`;
    if (seen.has(name)) {
      report("I14", row, `a second ${JSON.stringify(name)} in inode ${directory}`);
    }
    if (name.length !== d.nameLength[e] || name === "" || /[/\0]/.test(name)) {
      report("I14", row, `named ${JSON.stringify(name)}`);
    }
    seen.add(name);
    if (d.directory[e] !== directory) report("I14", row, `listed by inode ${directory}`);
    if (d.cookie[e] <= cookie || d.cookie[e] >= s.inode.nextCookie[directory]) {
      report("I14", row, `listing position ${d.cookie[e]} after ${cookie}`);
    }
    cookie = d.cookie[e];
    const inode = d.inode[e];
    if (s.inode.$live[inode] !== 1) report("I14", row, `names inode ${inode}, which is free`);
    names[inode] = (names[inode] ?? 0) + 1;
    if (s.inode.kind[inode] === InodeKind.Directory && s.inode.parent[inode] !== directory) {
      report("I14", `inode ${inode}`, `in directory ${directory}, its parent says otherwise`);
    }
    if (seen.size > d.$capacity) return;
  }
}

/** Every directory's way up ends at the root. */
function checkWayUp(s: State, report: Report, inode: number): void {
  let at = inode;
  for (let n = 0; s.inode.parent[at] !== 0 && s.inode.parent[at] !== at; n++) {
    at = s.inode.parent[at];
    if (n > s.inode.$capacity) return report("I14", `inode ${inode}`, "is its own ancestor");
  }
}

/** The names, links and open files of inodes. Names are looked at when the entries changed. */
export const files: Group = {
  name: "files",
  ids: ["I14", "C14"],
  make: ({ state: s }): Check => {
    let seen = "";
    return (e, report) => {
      checkWriters(report);
      const d = s.directoryEntry;
      // Enough to see every entry that comes, goes or is renamed: those are rows made or freed.
      const now = `${s.fileSystem.nextNumber[ONLY]} ${d.$header.join(" ")}`;
      if (now === seen && e.order % 64 !== 0) return;
      seen = now;
      const names = new Uint32Array(s.inode.$capacity);
      eachLive(s.inode, (inode) => {
        if (s.inode.kind[inode] !== InodeKind.Directory) return;
        checkDirectory(s, report, inode, names);
        checkWayUp(s, report, inode);
      });
      eachLive(s.inode, (inode) => {
        if (names[inode] === s.inode.links[inode]) return;
        report(
          "C14",
          `inode ${inode}`,
          `${names[inode]} names, links says ${s.inode.links[inode]}`,
        );
      });
    };

    function checkWriters(report: Report): void {
      const readers = new Uint32Array(s.pipe.$capacity);
      const writers = new Uint32Array(s.pipe.$capacity);
      eachLive(s.openFile, (file) => {
        const pipe = s.openFile.pipe[file];
        const flags = s.openFile.flags[file];
        if ((flags & OpenFlag.Read) !== 0) readers[pipe] = (readers[pipe] ?? 0) + 1;
        if ((flags & OpenFlag.Write) !== 0) writers[pipe] = (writers[pipe] ?? 0) + 1;
      });
      eachLive(s.pipe, (pipe) => {
        if (readers[pipe] === s.pipe.readers[pipe] && writers[pipe] === s.pipe.writers[pipe]) {
          return;
        }
        report(
          "C14",
          `pipe ${pipe}`,
          `${readers[pipe]} read and ${writers[pipe]} write ends are open, it says ${
            s.pipe.readers[pipe]
          } and ${s.pipe.writers[pipe]}`,
        );
      });
    }
  },
};
