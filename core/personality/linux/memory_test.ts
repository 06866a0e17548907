import assert from "node:assert/strict";
import { install } from "../../cap/descriptor.ts";
import type { Effects } from "../../effect.ts";
import { Err, Result } from "../../error.ts";
import { AccessKind, type Event } from "../../event.ts";
import { InodeKind, OpenFlag, OpenKind } from "../../fs/tables.ts";
import type { State } from "../../kernel.ts";
import { Account } from "../../ledger/accounts.ts";
import { open } from "../../ledger/post.ts";
import { PAGE_BYTES } from "../../limits.ts";
import { createObject, ensurePage } from "../../mem/object.ts";
import { spaceOf } from "../../mem/space.ts";
import { ObjectKind } from "../../mem/tables.ts";
import { Bench } from "../../mem/testing.ts";
import { allocRow } from "../../state/table.ts";
import { brk, madvise, mmap, mprotect, mremap, msync, munmap } from "./memory.ts";

type Handler = (s: State, fx: Effects, e: Event, t: number) => number;

/** Makes a call as the dispatcher does, to its end. */
function call(b: Bench, t: number, handler: Handler, ...args: number[]): number {
  const e = b.e;
  e.hart = b.s.thread.hart[t];
  args.forEach((value, i) => {
    const whole = value < 0 ? value + 2 ** 64 : value;
    e.registers[2 * i] = whole >>> 0;
    e.registers[2 * i + 1] = value < 0 ? 0xffffffff : Math.floor(whole / 2 ** 32);
    if (value < 0) e.registers[2 * i] = value >>> 0;
  });
  let r: number;
  do r = b.finish(handler(b.s, b.fx, e, t), e.hart, t); while (r === Result.Restart);
  return r;
}

const READ = 1, WRITE = 2, EXECUTE = 4;
const SHARED = 1, PRIVATE = 2, FIXED = 0x10, ANONYMOUS = 0x20, NO_REPLACE = 0x100000;
const AT = 0x1000_0000;

/** A descriptor for a file of two pages of 'a' and 'b'. */
function openFile(b: Bench, t: number, flags: number): number {
  const s = b.s;
  open(s, Account.NodeFree, 8);
  open(s, Account.DescriptorFree, 100);
  const object = createObject(s, ObjectKind.File);
  for (let i = 0; i < 2; i++) {
    const frame = s.objectPage.frame[ensurePage(s, b.fx, object, i)];
    b.apply();
    b.bytes.fill(0x61 + i, frame * PAGE_BYTES, (frame + 1) * PAGE_BYTES);
  }
  const inode = allocRow(s.inode);
  s.inode.kind[inode] = InodeKind.File;
  s.inode.object[inode] = object;
  const file = allocRow(s.openFile);
  s.openFile.kind[file] = OpenKind.Inode;
  s.openFile.inode[file] = inode;
  s.openFile.flags[file] = flags;
  return install(s, s.thread.process[t], file, 0);
}

Deno.test("mmap refuses what Linux refuses", () => {
  const b = new Bench();
  const t = b.process();
  const at = PRIVATE | ANONYMOUS;
  assert.equal(call(b, t, mmap, 0, 0, READ, at, -1, 0), -Err.Invalid);
  assert.equal(call(b, t, mmap, 0, 4096, READ, ANONYMOUS, -1, 0), -Err.Invalid);
  assert.equal(call(b, t, mmap, 0, 4096, READ, at, -1, 5), -Err.Invalid);
  assert.equal(call(b, t, mmap, AT + 1, 4096, READ, at | FIXED, -1, 0), -Err.Invalid);
  assert.equal(call(b, t, mmap, 4096, 4096, READ, at | FIXED, -1, 0), -Err.NotPermitted);
  assert.equal(call(b, t, mmap, 0, 2 ** 40, READ, at, -1, 0), -Err.NoMemory);
  assert.equal(call(b, t, mmap, 0, -4096, READ, at, -1, 0), -Err.NoMemory);
  assert.equal(call(b, t, mmap, 0, 4096, WRITE | EXECUTE, at, -1, 0), -Err.Access);
  assert.equal(call(b, t, mmap, 0, 4096, READ, PRIVATE, 5, 0), -Err.BadDescriptor);
  assert.equal(call(b, t, mmap, AT, 4096, READ, at | FIXED, -1, 0), AT);
  assert.equal(call(b, t, mmap, AT, 4096, READ, at | NO_REPLACE, -1, 0), -Err.Exists);
  const elsewhere = call(b, t, mmap, AT, 4096, READ, at, -1, 0);
  assert.ok(elsewhere > AT);
  b.exit(t);
  b.assertBaseline();
});

Deno.test("munmap, mprotect, msync and madvise check their ranges", () => {
  const b = new Bench();
  const t = b.process();
  for (const handler of [munmap, mprotect, msync, madvise]) {
    assert.equal(call(b, t, handler, 1, 4096, READ), -Err.Invalid);
  }
  assert.equal(call(b, t, munmap, AT, 0, 0), -Err.Invalid);
  assert.equal(call(b, t, munmap, 2 ** 38 - 4096, 8192), -Err.Invalid);
  assert.equal(call(b, t, munmap, AT, 4096), 0);
  assert.equal(call(b, t, mprotect, AT, 0, READ), 0);
  assert.equal(call(b, t, mprotect, AT, 4096, READ), -Err.NoMemory);
  assert.equal(call(b, t, mprotect, AT, 4096, 16), -Err.Invalid);
  assert.equal(call(b, t, msync, AT, 4096, 4), -Err.NoMemory);
  assert.equal(call(b, t, madvise, AT, 4096, 4), -Err.NoMemory);
  assert.equal(call(b, t, madvise, AT, 4096, 99), -Err.Invalid);
  call(b, t, mmap, AT, 8192, READ | WRITE, PRIVATE | ANONYMOUS | FIXED, -1, 0);
  b.store(t, AT + 4096, 5);
  assert.equal(call(b, t, madvise, AT, 8192, 3), 0);
  assert.equal(b.load(t, AT + 4096), 5);
  assert.equal(call(b, t, madvise, AT, 8192, 4), 0);
  assert.equal(b.load(t, AT + 4096), 0);
  assert.equal(call(b, t, msync, AT, 8192, 4), 0);
});

Deno.test("a file is mapped privately or shared, by what it was opened for", () => {
  const b = new Bench();
  const t = b.process();
  const fd = openFile(b, t, OpenFlag.Read);
  const own = call(b, t, mmap, 0, 4096, READ | WRITE, PRIVATE, fd, 4096);
  assert.equal(b.load(t, own), 0x62);
  assert.equal(b.store(t, own, 1), 0);
  assert.equal(call(b, t, mmap, 0, 4096, READ | WRITE, SHARED, fd, 0), -Err.Access);
  const seen = call(b, t, mmap, 0, 8192, READ, SHARED, fd, 0);
  assert.equal(b.load(t, seen + 4096), 0x62);
  assert.equal(call(b, t, mprotect, seen, 4096, READ | WRITE), -Err.Access);
  assert.equal(call(b, t, mprotect, own, 4096, READ | EXECUTE), 0);
  assert.ok(b.access(t, own, AccessKind.Execute) > 0);
  b.s.openFile.flags[1] = OpenFlag.Write;
  assert.equal(call(b, t, mmap, 0, 4096, READ, PRIVATE, fd, 0), -Err.Access);
  b.s.openFile.flags[1] = OpenFlag.Read | OpenFlag.Write;
  const written = call(b, t, mmap, 0, 4096, READ | WRITE, SHARED, fd, 0);
  assert.equal(b.store(t, written, 0x7a), 0);
  assert.equal(b.load(t, seen), 0x7a);
  b.check();
});

Deno.test("mremap shrinks, grows in place, and moves only where it may", () => {
  const b = new Bench();
  const t = b.process();
  const any = PRIVATE | ANONYMOUS | FIXED;
  call(b, t, mmap, AT, 4 * 4096, READ | WRITE, any, -1, 0);
  b.store(t, AT, 7);
  assert.equal(call(b, t, mremap, AT, 4 * 4096, 2 * 4096, 0, 0), AT);
  assert.equal(b.load(t, AT + 2 * 4096), -Err.BadAddress);
  assert.equal(call(b, t, mremap, AT, 2 * 4096, 3 * 4096, 0, 0), AT);
  assert.equal(b.load(t, AT + 2 * 4096), 0);
  call(b, t, mmap, AT + 3 * 4096, 4096, READ, any, -1, 0);
  assert.equal(call(b, t, mremap, AT, 3 * 4096, 5 * 4096, 0, 0), -Err.NoMemory);
  const moved = call(b, t, mremap, AT, 3 * 4096, 5 * 4096, 1, 0);
  assert.ok(moved > 0 && moved !== AT);
  assert.equal(b.load(t, moved), 7);
  assert.equal(b.load(t, moved + 4 * 4096), 0);
  assert.equal(call(b, t, mremap, AT, 4096, 8192, 1, 0), -Err.BadAddress);
  assert.equal(call(b, t, mremap, moved, 4096, 8192, 4, 0), -Err.Invalid);
  assert.equal(call(b, t, mremap, moved, 0, 8192, 1, 0), -Err.Invalid);
  b.check();
  b.exit(t);
  b.assertBaseline();
});

Deno.test("brk answers the break as it is where it cannot go", () => {
  const b = new Bench();
  const t = b.process();
  const space = spaceOf(b.s, t);
  b.s.addressSpace.heapStart[space] = AT / PAGE_BYTES;
  b.s.addressSpace.heapEndBytes[space] = AT;
  assert.equal(call(b, t, brk, 0), AT);
  assert.equal(call(b, t, brk, AT + 100), AT + 100);
  assert.equal(b.store(t, AT + 50, 1), 0);
  assert.equal(call(b, t, brk, AT - 1), AT + 100);
  assert.equal(call(b, t, brk, 2 ** 50), AT + 100);
  call(b, t, mmap, AT + 4 * 4096, 4096, READ, PRIVATE | ANONYMOUS | FIXED, -1, 0);
  assert.equal(call(b, t, brk, AT + 4 * 4096), AT + 100);
  assert.equal(call(b, t, brk, AT + 3 * 4096), AT + 3 * 4096);
  assert.equal(call(b, t, brk, AT), AT);
  b.exit(t);
  b.assertBaseline();
});
