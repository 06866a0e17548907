import assert from "node:assert/strict";
import { ONE } from "../kernel.ts";
import { recount } from "../ledger/recount.ts";
import * as directory from "../personality/linux/directory.ts";
import * as file from "../personality/linux/file.ts";
import * as stat from "../personality/linux/stat.ts";
import { E, FileBench, MEMORY, text } from "./testing.ts";

const CWD = -100;
const O = file.O;
const CREATE = O.Create | O.ReadWrite;

function world(): {
  b: FileBench;
  t: number;
  mkdir: (path: string) => number;
  open: (path: string, flags?: number) => number;
  link: (target: string, path: string) => number;
  unlink: (path: string, flags?: number) => number;
  rename: (from: string, to: string) => number;
  mode: (path: string, flags?: number) => number;
} {
  const b = new FileBench();
  const t = b.process();
  return {
    b,
    t,
    mkdir: (path) => b.call(t, directory.mkdirat, [CWD, 0, 0o755], text(path)),
    open: (path, flags = 0) => b.call(t, file.openat, [CWD, 0, flags, 0o644], text(path)),
    link: (target, path) => b.call(t, directory.symlinkat, [0, CWD, 0], text(target), text(path)),
    unlink: (path, flags = 0) => b.call(t, directory.unlinkat, [CWD, 0, flags], text(path)),
    rename: (from, to) => b.call(t, directory.renameat2, [CWD, 0, CWD, 0, 0], text(from), text(to)),
    mode: (path, flags = 0) => {
      const r = b.call(t, stat.newfstatat, [CWD, 0, MEMORY, flags], text(path));
      return r < 0 ? r : new DataView(b.peek(t, MEMORY, 128).buffer).getUint32(16, true);
    },
  };
}

Deno.test("walks: dots, slashes, absent names, names in the way", () => {
  const { b, t, mkdir, open, mode } = world();
  assert.equal(mkdir("/a"), 0);
  assert.equal(mkdir("a/b"), 0);
  assert.equal(mkdir("a/b"), E.Exists);
  assert.equal(open("a/b/f", CREATE), 0);
  assert.equal(open("/a//b/.././b/f"), 1);
  assert.equal(open("/../../a/b/f"), 2);
  assert.equal(open("a/b/f/"), E.NotDirectory);
  assert.equal(open("a/b/f/x"), E.NotDirectory);
  assert.equal(open("a/x"), E.NotFound);
  assert.equal(open("a/x/y"), E.NotFound);
  assert.equal(open("a/x/", CREATE), E.IsDirectory);
  assert.equal(open("", 0), E.NotFound);
  assert.equal(open("a", CREATE), E.IsDirectory);
  assert.equal(open("a/b/f", O.Directory), E.NotDirectory);
  assert.equal(open("a/b/f", CREATE | O.Exclusive), E.Exists);
  assert.equal(mkdir("a/c/"), 0);
  assert.equal(open("n".repeat(256)), E.NameTooLong);
  assert.equal(open("n".repeat(255), CREATE), 3);
  assert.equal(open("/./".repeat(1300) + "a"), 4);
  assert.equal(mode("a"), 0o040755);
  assert.equal(mode("a/b/f"), 0o100644);
  assert.equal(mode("/tmp"), 0o041777);
  assert.equal(mode("/dev/null"), 0o020666);
  assert.equal(b.call(t, file.close, [0]), 0);
  assert.deepEqual(recount(b.s).filter((line) => /inode|entry|chunk/i.test(line)), []);
  b.exit(t);
  b.close();
});

Deno.test("symbolic links: in the middle, at the end, chains, loops, dangling", () => {
  const { b, t, mkdir, open, link, mode } = world();
  mkdir("d");
  assert.equal(link("d", "l"), 0);
  assert.equal(link("/d/f", "d/abs"), 0);
  assert.equal(link("../l/f", "d/up"), 0);
  assert.equal(open("l/f", CREATE), 0);
  assert.equal(open("d/abs"), 1);
  assert.equal(open("l/up"), 2);
  assert.equal(mode("l"), 0o040755);
  assert.equal(mode("l", 0x100), 0o120777);
  assert.equal(open("l", O.NoFollow), E.Loop);
  assert.equal(mode("l/", 0x100), 0o040755);
  assert.equal(link("loop2", "loop1"), 0);
  assert.equal(link("loop1", "loop2"), 0);
  assert.equal(open("loop1"), E.Loop);
  assert.equal(link("x", "l"), E.Exists);
  assert.equal(link("", "e"), E.NotFound);
  // 40 links are followed, 41 are not.
  assert.equal(link("d/f", "c0"), 0);
  for (let i = 1; i <= 40; i++) assert.equal(link(`c${i - 1}`, `c${i}`), 0);
  assert.equal(open("c39"), 3);
  assert.equal(open("c40"), E.Loop);
  // Creating through a dangling link makes its target; exclusively it does not.
  assert.equal(link("d/made", "dangling"), 0);
  assert.equal(open("dangling"), E.NotFound);
  assert.equal(open("dangling", CREATE | O.Exclusive), E.Exists);
  assert.equal(open("dangling", CREATE), 4);
  assert.equal(mode("d/made"), 0o100644);
  const long = "d/" + "./".repeat(500) + "made";
  assert.equal(link(long, "long"), 0);
  assert.equal(open("long"), 5);
  assert.equal(b.call(t, directory.readlinkat, [CWD, 0, MEMORY, 4096], text("long")), long.length);
  assert.equal(b.peekText(t, MEMORY, long.length), long);
  assert.equal(b.call(t, directory.readlinkat, [CWD, 0, MEMORY, 3], text("long")), 3);
  assert.equal(b.call(t, directory.readlinkat, [CWD, 0, MEMORY, 10], text("d")), E.Invalid);
  b.exit(t);
  b.close();
});

Deno.test("removing and renaming", () => {
  const { b, t, mkdir, open, unlink, rename, mode } = world();
  mkdir("a");
  mkdir("a/b");
  open("a/b/f", CREATE);
  assert.equal(unlink("a/b"), E.IsDirectory);
  assert.equal(unlink("a/b", 0x200), E.NotEmpty);
  assert.equal(unlink("a/b/f", 0x200), E.NotDirectory);
  assert.equal(unlink("a/.", 0x200), E.Invalid);
  assert.equal(unlink("/", 0x200), E.Busy);
  assert.equal(rename("a", "a/b/c"), E.Invalid);
  assert.equal(rename("a/b", "a/b"), 0);
  assert.equal(rename("a/b/f", "a/b/g"), 0);
  assert.equal(mode("a/b/f"), E.NotFound);
  mkdir("d");
  assert.equal(rename("d", "a/b/g"), E.NotDirectory);
  assert.equal(rename("a/b/g", "d"), E.IsDirectory);
  assert.equal(rename("d", "a"), E.NotEmpty);
  assert.equal(rename("a/b", "d"), 0);
  assert.equal(mode("d/g"), 0o100644);
  open("d/h", CREATE);
  assert.equal(rename("d/g", "d/h"), 0);
  assert.equal(mode("d/g"), E.NotFound);
  // A moved directory's .. is its new parent.
  mkdir("a/deep");
  assert.equal(rename("d", "a/deep/d"), 0);
  assert.equal(b.call(t, directory.chdir, [0], text("a/deep/d")), 0);
  assert.equal(b.call(t, directory.getcwd, [MEMORY, 100]), 10);
  assert.equal(b.peekText(t, MEMORY, 10), "/a/deep/d\0");
  assert.equal(b.call(t, directory.getcwd, [MEMORY, 5]), E.Range);
  assert.equal(unlink("h"), 0);
  assert.equal(unlink("../d", 0x200), 0);
  assert.equal(b.call(t, directory.getcwd, [MEMORY, 100]), E.NotFound);
  assert.equal(open("x", CREATE), E.NotFound);
  assert.deepEqual(recount(b.s).filter((line) => /inode|entry|chunk/i.test(line)), []);
  b.exit(t);
  b.close();
});

Deno.test("hard links share the inode until the last name and descriptor are gone", () => {
  const { b, t, open, unlink } = world();
  assert.equal(open("f", CREATE), 0);
  const inode =
    b.s.openFile.inode[b.s.capNode.object[b.s.process.descriptor[256 * b.s.thread.process[t]]]];
  assert.equal(b.call(t, directory.linkat, [CWD, 0, CWD, 0, 0], text("f"), text("g")), 0);
  assert.equal(b.s.inode.links[inode], 2);
  assert.equal(
    b.call(t, directory.linkat, [CWD, 0, CWD, 0, 0], text("tmp"), text("h")),
    E.NotPermitted,
  );
  assert.equal(unlink("f"), 0);
  assert.equal(unlink("g"), 0);
  assert.equal(b.s.inode.$live[inode], 1);
  b.call(t, file.close, [0]);
  assert.equal(b.s.inode.$live[inode], 0);
  b.exit(t);
  b.close();
});

Deno.test("permissions of an ordinary user", () => {
  const { b, t, mkdir, open, unlink } = world();
  mkdir("closed");
  open("closed/f", CREATE);
  b.call(t, stat.fchmodat, [CWD, 0, 0o700], text("closed"));
  open("readable", CREATE);
  const p = b.s.thread.process[t];
  b.s.process.uid[p] = 1000;
  b.s.process.gid[p] = 1000;
  assert.equal(open("closed/f"), E.Access);
  assert.equal(open("readable"), 2);
  assert.equal(open("readable", O.WriteOnly), E.Access);
  assert.equal(open("new", CREATE), E.Access);
  assert.equal(open("tmp/mine", CREATE), 3);
  b.s.process.uid[p] = 1001;
  assert.equal(unlink("tmp/mine"), E.Access);
  assert.equal(b.call(t, stat.faccessat, [CWD, 0, 1], text("readable")), E.Access);
  b.s.process.uid[p] = 0;
  assert.equal(b.call(t, stat.faccessat, [CWD, 0, 1], text("readable")), E.Access);
  assert.equal(b.call(t, stat.faccessat, [CWD, 0, 6], text("closed/f")), 0);
  b.exit(t);
  b.close();
});

Deno.test("/proc/self/exe is the executable, also once its name is gone", () => {
  const { b, t, mkdir, open, unlink } = world();
  mkdir("bin");
  open("bin/prog", CREATE);
  const { s } = b;
  const p = s.thread.process[t];
  const inode = s.openFile.inode[s.capNode.object[s.process.descriptor[256 * p]]];
  assert.equal(open("/proc/self/exe"), E.NotFound);
  s.process.executable[p] = inode;
  s.inode.refs[inode]++;
  const exe = text("/proc/self/exe");
  assert.equal(b.call(t, directory.readlinkat, [CWD, 0, MEMORY, 100], exe), 9);
  assert.equal(b.peekText(t, MEMORY, 9), "/bin/prog");
  unlink("bin/prog");
  assert.equal(open("/proc/self/exe"), 1);
  assert.equal(s.fileSystem.walkInode[ONE], inode);
  b.exit(t);
  b.close();
});

Deno.test("full tables refuse a new name and leave the books alone", () => {
  const b = new FileBench({ inode: 14, memoryObject: 8 });
  const t = b.process();
  const open = (path: string) => b.call(t, file.openat, [CWD, 0, CREATE, 0o644], text(path));
  let made = 0;
  while (open(`f${made}`) >= 0) made++;
  assert.ok(made > 0 && made < 14);
  assert.equal(open("again"), E.NoSpace);
  assert.deepEqual(recount(b.s).filter((line) => /inode|entry|chunk|object/i.test(line)), []);
  b.exit(t);
  b.close();
});
