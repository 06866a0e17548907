import assert from "node:assert/strict";
import { Err, Result } from "../error.ts";
import { EventKind, InputKind, PAYLOAD_LIMIT } from "../event.ts";
import { ONE } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import * as file from "../personality/linux/file.ts";
import * as io from "../personality/linux/io.ts";
import * as stat from "../personality/linux/stat.ts";
import { importTree } from "./import.ts";
import { encodeTree, type TreeEntry, TreeKind } from "./tree_records.ts";
import { FileBench, MEMORY, text } from "./testing.ts";

const CWD = -100;
const SIZE = 200_000;

function entry(kind: number, path: string, rest: Partial<TreeEntry> = {}): TreeEntry {
  const none = new Uint8Array(0);
  return { kind, mode: 0o755, size: 0, path: text(path), target: none, file: 0, ...rest };
}

function load(b: FileBench, entries: readonly TreeEntry[]): number {
  const payloads = encodeTree(entries);
  for (const payload of payloads) {
    b.e.kind = EventKind.Input;
    b.e.cause = InputKind.Tree;
    b.e.payload.set(payload);
    b.e.payloadLength = payload.length;
    importTree(b.s, b.fx, b.e);
    b.settle();
  }
  return payloads.length;
}

function contents(file: number, offset: number): number {
  return (offset * 3 + (offset >> 12) + file) & 255;
}

const TREE: readonly TreeEntry[] = [
  entry(TreeKind.Link, "a-link", { target: text("bin/prog") }),
  entry(TreeKind.File, "bin/prog", { size: SIZE, file: 4 }),
  entry(TreeKind.Directory, "bin"),
  entry(TreeKind.Symlink, "bin/sh", { target: text("prog") }),
  entry(TreeKind.Directory, "dev"),
  entry(TreeKind.File, "dev/null", { size: 5, file: 9 }),
  entry(TreeKind.File, "empty", { mode: 0o600 }),
];

Deno.test("a tree is entered in order, and the kernel's own names stay", () => {
  const b = new FileBench();
  const t = b.process();
  assert.equal(load(b, TREE), 1);
  assert.equal(b.s.fileSystem.importError[ONE], 0);
  const mode = (path: string) => {
    assert.equal(b.call(t, stat.newfstatat, [CWD, 0, MEMORY, 0], text(path)), 0);
    const v = new DataView(b.peek(t, MEMORY, 128).buffer);
    return [v.getUint32(16, true), v.getUint32(48, true), v.getUint32(20, true)];
  };
  assert.deepEqual(mode("/bin/sh"), [0o100755, SIZE, 2]);
  assert.deepEqual(mode("/a-link"), [0o100755, SIZE, 2]);
  assert.deepEqual(mode("/empty"), [0o100600, 0, 1]);
  assert.deepEqual(mode("/dev/null"), [0o020666, 0, 1]);
  b.exit(t);
  b.close();
});

Deno.test("contents come by chunks when first needed, and only once", () => {
  const b = new FileBench();
  const t = b.process();
  load(b, TREE);
  const open = (flags: number) => b.call(t, file.openat, [CWD, 0, flags, 0], text("/bin/prog"));
  assert.equal(open(file.O.ReadWrite), 0);
  const read = () => b.call(t, io.pread64, [0, MEMORY, SIZE, 0]);
  let waits = 0;
  b.s.thread.callProgress[t] = 0;
  let result = read();
  while (result === Result.Pending) {
    assert.equal(b.chunks.length, 1);
    assert.deepEqual(b.chunks[0], [4, waits]);
    b.deliverChunk(contents, SIZE);
    waits++;
    result = read();
  }
  assert.equal(result, SIZE);
  assert.equal(waits, 4);
  const got = b.peek(t, MEMORY, SIZE);
  for (let i = 0; i < SIZE; i++) assert.equal(got[i], contents(4, i));
  assert.equal(read(), SIZE);
  assert.equal(b.chunks.length, 0);
  assert.equal(b.call(t, file.lseek, [0, 0, 1]), 0);
  b.exit(t);
  b.close();
});

Deno.test("the file's own position goes on where a call had to wait", () => {
  const b = new FileBench();
  const t = b.process();
  load(b, TREE);
  assert.equal(b.call(t, file.openat, [CWD, 0, 0, 0], text("/bin/prog")), 0);
  let result = b.call(t, io.read, [0, MEMORY, 150_000]);
  for (; result === Result.Pending; result = b.call(t, io.read, [0, MEMORY, 150_000])) {
    b.deliverChunk(contents, SIZE);
  }
  assert.equal(result, 150_000);
  assert.equal(b.call(t, file.lseek, [0, 0, 1]), 150_000);
  const got = b.peek(t, MEMORY, 150_000);
  for (let i = 0; i < 150_000; i++) assert.equal(got[i], contents(4, i));
  b.exit(t);
  b.close();
});

Deno.test("a write into a page that is not here loads it first; a cut chunk stays cut", () => {
  const b = new FileBench();
  const t = b.process();
  load(b, TREE);
  assert.equal(b.call(t, file.openat, [CWD, 0, file.O.ReadWrite, 0], text("/bin/prog")), 0);
  b.poke(t, MEMORY, text("XY"));
  assert.equal(b.call(t, io.pwrite64, [0, MEMORY, 2, 70_000]), Result.Pending);
  b.deliverChunk(contents, SIZE);
  assert.equal(b.call(t, io.pwrite64, [0, MEMORY, 2, 70_000]), 2);
  assert.equal(b.call(t, io.pread64, [0, MEMORY, 4, 69_999]), 4);
  assert.deepEqual([...b.peek(t, MEMORY, 4)], [contents(4, 69_999), 88, 89, contents(4, 70_002)]);
  assert.equal(b.call(t, file.ftruncate, [0, 10]), 0);
  assert.equal(b.call(t, file.ftruncate, [0, 20]), 0);
  assert.equal(b.call(t, io.pread64, [0, MEMORY, 100, 0]), Result.Pending);
  b.deliverChunk(contents, SIZE);
  assert.equal(b.call(t, io.pread64, [0, MEMORY, 100, 0]), 20);
  assert.deepEqual([...b.peek(t, MEMORY, 20)].slice(8), [24 + 4, 27 + 4, ...new Array(10).fill(0)]);
  b.exit(t);
  b.close();
});

Deno.test("payloads keep the limits of an event", () => {
  const many = Array.from({ length: 3000 }, (_, i) => entry(TreeKind.Directory, `d${i}`));
  const payloads = encodeTree(many);
  assert.ok(payloads.length >= 3000 / UNITS);
  for (const payload of payloads) assert.ok(payload.length <= PAYLOAD_LIMIT);
  const long = Array.from(
    { length: 100 },
    (_, i) => entry(TreeKind.Symlink, `l${i}`, { target: new Uint8Array(4000).fill(97) }),
  );
  for (const payload of encodeTree(long)) assert.ok(payload.length <= PAYLOAD_LIMIT);
});

Deno.test("a tree that cannot be entered says why, and the books stay right", () => {
  const cases: [readonly TreeEntry[], number][] = [
    [[entry(TreeKind.File, "no/such")], Err.NotFound],
    [[entry(TreeKind.File, "f"), entry(TreeKind.File, "f/g")], Err.NotDirectory],
    [[entry(TreeKind.File, "n".repeat(256))], Err.NameTooLong],
    [[entry(TreeKind.Directory, "..")], Err.Invalid],
    [[entry(TreeKind.Link, "x", { target: text("gone") })], Err.NotFound],
    [Array.from({ length: 1100 }, (_, i) => entry(TreeKind.Directory, `d${i}`)), Err.NoSpace],
  ];
  for (const [entries, error] of cases) {
    const b = new FileBench();
    load(b, entries);
    assert.equal(b.s.fileSystem.importError[ONE], error);
    b.close();
  }
  const b = new FileBench();
  b.e.payloadLength = 7;
  importTree(b.s, b.fx, b.e);
  assert.equal(b.s.fileSystem.importError[ONE], Err.Invalid);
});
