import assert from "node:assert/strict";
import { forkDescriptors } from "../cap/descriptor.ts";
import { Result } from "../error.ts";
import { EventKind, InputKind } from "../event.ts";
import { ONE } from "../kernel.ts";
import { recount } from "../ledger/recount.ts";
import * as directory from "../personality/linux/directory.ts";
import * as file from "../personality/linux/file.ts";
import * as io from "../personality/linux/io.ts";
import * as stat from "../personality/linux/stat.ts";
import { ThreadState } from "../sched/tables.ts";
import { leaveSlot, takeSlot } from "./operation_slot.ts";
import { OpenFlag } from "./tables.ts";
import { openStandard } from "./standard.ts";
import { streamArrived } from "./stream.ts";
import { ABSENT, E, FileBench, MEMORY, text } from "./testing.ts";

const CWD = -100;
const O = file.O;
const CREATE = O.Create | O.ReadWrite;
const FAR = MEMORY + 0x200000;

function start(): { b: FileBench; t: number; open: (path: string, flags?: number) => number } {
  const b = new FileBench();
  const t = b.process();
  const open = (path: string, flags = 0) =>
    b.call(t, file.openat, [CWD, 0, flags, 0o644], text(path));
  return { b, t, open };
}

function end(b: FileBench, ...threads: number[]): void {
  const wrong = recount(b.s).filter((line) => /object|frame|inode|open/i.test(line));
  assert.deepEqual(wrong.filter((line) => !/addressSpace|process|hart/i.test(line)), []);
  for (const t of threads) b.exit(t);
  b.close();
}

function pattern(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * seed + (i >> 7)) & 255);
}

Deno.test("write, seek, read, holes, append, positions of their own", () => {
  const { b, t, open } = start();
  assert.equal(open("f", CREATE), 0);
  b.poke(t, MEMORY, text("hello"));
  assert.equal(b.call(t, io.write, [0, MEMORY, 5]), 5);
  assert.equal(b.call(t, io.read, [0, MEMORY, 5]), 0);
  assert.equal(b.call(t, file.lseek, [0, 10000, 0]), 10000);
  assert.equal(b.call(t, io.write, [0, MEMORY, 5]), 5);
  assert.equal(b.call(t, file.lseek, [0, -5, 2]), 10000);
  assert.equal(b.call(t, file.lseek, [0, -10001, 1]), E.Invalid);
  assert.equal(b.call(t, file.lseek, [0, 0, 9]), E.Invalid);
  assert.equal(b.call(t, io.pread64, [0, FAR, 6, 3]), 6);
  assert.equal(b.peekText(t, FAR, 6), "lo\0\0\0\0");
  assert.equal(b.call(t, io.pread64, [0, FAR, 100, 9998]), 7);
  assert.equal(b.peekText(t, FAR, 7), "\0\0hello");
  assert.equal(b.call(t, file.lseek, [0, 0, 1]), 10000);
  assert.equal(b.call(t, io.pwrite64, [0, MEMORY, 2, 1]), 2);
  assert.equal(b.call(t, io.pread64, [0, FAR, 5, 0]), 5);
  assert.equal(b.peekText(t, FAR, 5), "hhelo");
  assert.equal(open("f", O.WriteOnly | O.Append), 1);
  assert.equal(b.call(t, io.write, [1, MEMORY, 1]), 1);
  assert.equal(b.call(t, file.lseek, [1, 0, 1]), 10006);
  assert.equal(b.call(t, io.read, [1, FAR, 1]), E.BadDescriptor);
  assert.equal(b.call(t, io.read, [0, 0x7000, 1]), E.BadAddress);
  assert.equal(open("/"), 2);
  assert.equal(b.call(t, io.read, [2, FAR, 1]), E.IsDirectory);
  end(b, t);
});

Deno.test("a long transfer goes in steps, holds the operation slot, and gives all bytes", () => {
  const { b, t, open } = start();
  const size = 1_300_000;
  const data = pattern(size, 31);
  open("big", CREATE);
  b.poke(t, MEMORY + 77, data);
  assert.equal(b.call(t, io.write, [0, MEMORY + 77, size]), size);
  b.poke(t, MEMORY + 77, new Uint8Array(size));
  assert.equal(b.call(t, io.pread64, [0, MEMORY + 3, size + 5, 0]), size);
  assert.deepEqual(b.peek(t, MEMORY + 3, size), data);
  // Between the steps another thread waits for the open file.
  const other = b.process();
  forkDescriptors(b.s, b.fx, b.s.thread.process[t], b.s.thread.process[other]);
  const opened = b.s.capNode.object[b.s.process.descriptor[256 * b.s.thread.process[t]]];
  const inode = b.s.openFile.inode[opened];
  takeSlot(b.s, t, inode);
  assert.equal(b.call(other, io.read, [0, MEMORY, 1]), Result.Pending);
  b.s.openFile.offset[opened] = 0;
  assert.equal(b.call(t, io.read, [0, MEMORY, size]), size);
  assert.equal(b.s.inode.operation[inode], 0);
  assert.equal(b.s.thread.state[other], ThreadState.Ready);
  end(b, t, other);
});

/** An iovec array of buffers one after the other. */
function buffers(address: number, lengths: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 * lengths.length));
  let at = address;
  lengths.forEach((length, i) => {
    view.setBigUint64(16 * i, BigInt(at), true);
    view.setBigUint64(16 * i + 8, BigInt(length), true);
    at += length;
  });
  return new Uint8Array(view.buffer);
}

Deno.test("long readv, writev, sendfile and truncate go on in steps that hold the slot", () => {
  const { b, t, open } = start();
  open("v", CREATE);
  const lengths = Array.from({ length: 301 }, (_, i) => i === 7 ? 700_000 : 10 * i);
  const size = lengths.reduce((sum, length) => sum + length, 0);
  const data = pattern(size, 13);
  b.poke(t, MEMORY, data);
  assert.equal(b.call(t, io.writev, [0, MEMORY, 301], buffers(MEMORY, lengths)), size);
  assert.ok(b.steps >= 3, "writev took steps");
  b.steps = 0;
  b.poke(t, MEMORY, new Uint8Array(size));
  b.call(t, file.lseek, [0, 0, 0]);
  assert.equal(b.call(t, io.readv, [0, MEMORY, 301], buffers(MEMORY, lengths)), size);
  assert.ok(b.steps >= 3, "readv took steps");
  assert.deepEqual(b.peek(t, MEMORY, size), data);
  open("w", CREATE);
  b.steps = 0;
  b.poke(t, MEMORY, new Uint8Array(8));
  const zero = new Uint8Array(8);
  assert.equal(b.call(t, io.sendfile, [1, 0, MEMORY, size + 9], zero), size);
  assert.ok(b.steps >= 1, "sendfile took steps");
  assert.equal(new DataView(b.peek(t, MEMORY, 8).buffer).getUint32(0, true), size);
  assert.equal(b.call(t, io.pread64, [1, MEMORY, size, 0]), size);
  assert.deepEqual(b.peek(t, MEMORY, size), data);
  b.steps = 0;
  assert.equal(b.call(t, file.lseek, [1, 3_000_000, 0]), 3_000_000);
  assert.equal(b.call(t, io.write, [1, MEMORY, size]), size);
  b.steps = 0;
  assert.equal(b.call(t, file.truncate, [0, 100], text("w")), 0);
  assert.ok(b.steps >= 1, "truncate took steps");
  // Nobody holds a slot any more; while one is held, each of the calls waits.
  const inode =
    b.s.openFile.inode[b.s.capNode.object[b.s.process.descriptor[256 * b.s.thread.process[t] + 1]]];
  assert.equal(b.s.inode.operation[inode], 0);
  const other = b.process();
  forkDescriptors(b.s, b.fx, b.s.thread.process[t], b.s.thread.process[other]);
  takeSlot(b.s, t, inode);
  assert.equal(b.call(other, file.truncate, [0, 1], text("w")), Result.Pending);
  assert.equal(b.blocked(other), true);
  leaveSlot(b.s, b.fx, 0, t, inode);
  assert.equal(b.blocked(other), false);
  takeSlot(b.s, t, inode);
  assert.equal(b.call(other, io.sendfile, [1, 0, 0, 5]), Result.Pending);
  leaveSlot(b.s, b.fx, 0, t, inode);
  takeSlot(b.s, t, inode);
  assert.equal(b.call(other, io.writev, [1, 0, 1], buffers(MEMORY, [5])), Result.Pending);
  leaveSlot(b.s, b.fx, 0, t, inode);
  end(b, t, other);
});

Deno.test("truncation zeroes what it cuts, also in the last page", () => {
  const { b, t, open } = start();
  open("f", CREATE);
  b.poke(t, MEMORY, pattern(9000, 7));
  b.call(t, io.write, [0, MEMORY, 9000]);
  assert.equal(b.call(t, file.ftruncate, [0, 100]), 0);
  assert.equal(b.call(t, file.ftruncate, [0, 5000]), 0);
  assert.equal(b.call(t, io.pread64, [0, FAR, 9000, 0]), 5000);
  const got = b.peek(t, FAR, 5000);
  assert.deepEqual(got.subarray(0, 100), pattern(100, 7));
  assert.ok(got.subarray(100).every((x) => x === 0));
  assert.equal(b.call(t, file.truncate, [0, 7], text("f")), 0);
  assert.equal(open("f", O.ReadWrite | O.Truncate), 1);
  assert.equal(b.call(t, io.pread64, [0, FAR, 10, 0]), 0);
  assert.equal(b.call(t, file.ftruncate, [0, -1]), E.Invalid);
  assert.equal(b.call(t, file.truncate, [0, 7], text("/tmp")), E.IsDirectory);
  end(b, t);
});

Deno.test("memory at its end: a write keeps what it wrote, then NoSpace", () => {
  const { b, t, open } = start();
  open("f", CREATE);
  b.poke(t, MEMORY, new Uint8Array(1));
  b.s.memory.reserve[ONE] = b.s.memory.backingSlots[ONE] - b.s.memory.backed[ONE] +
    b.s.memory.freeFrames[ONE] - 3;
  const wrote = b.call(t, io.write, [0, MEMORY, 4096 * 1]);
  assert.ok(wrote > 0 || wrote === E.NoSpace);
  b.s.memory.reserve[ONE] = 4000;
  assert.equal(b.call(t, io.pwrite64, [0, MEMORY, 10, 100000]), E.NoSpace);
  b.s.memory.reserve[ONE] = 0;
  end(b, t);
});

Deno.test("sendfile to a file, a pipe and a stream; refused for what is no file", () => {
  const { b, t, open } = start();
  const data = pattern(70000, 13);
  open("in", CREATE);
  b.poke(t, MEMORY, data);
  b.call(t, io.write, [0, MEMORY, data.length]);
  open("out", CREATE);
  b.call(t, file.lseek, [0, 0, 0]);
  assert.equal(b.call(t, io.sendfile, [1, 0, 0, 2 ** 24]), 70000);
  assert.equal(b.call(t, io.sendfile, [1, 0, 0, 2 ** 24]), 0);
  assert.equal(b.call(t, io.pread64, [1, FAR, 80000, 0]), 70000);
  assert.deepEqual(b.peek(t, FAR, 70000), data);
  const offset = new Uint8Array(8);
  new DataView(offset.buffer).setUint32(0, 69990, true);
  assert.equal(b.call(t, io.sendfile, [1, 0, MEMORY, 100], offset), 10);
  assert.equal(new DataView(b.peek(t, MEMORY, 8).buffer).getUint32(0, true), 70000);
  assert.equal(b.call(t, file.pipe2, [MEMORY, 0]), 0);
  b.call(t, file.lseek, [0, 0, 0]);
  assert.equal(b.call(t, io.sendfile, [3, 0, 0, 2 ** 24]), 65536);
  assert.equal(b.call(t, io.sendfile, [3, 0, 0, 2 ** 24]), Result.Pending);
  const r = b.process();
  forkDescriptors(b.s, b.fx, b.s.thread.process[t], b.s.thread.process[r]);
  assert.equal(b.call(r, io.read, [2, MEMORY, 65536]), 65536);
  assert.deepEqual(b.peek(r, MEMORY, 65536), data.subarray(0, 65536));
  assert.equal(b.call(t, io.sendfile, [3, 0, 0, 2 ** 24]), 70000 - 65536);
  assert.equal(b.call(t, io.sendfile, [1, 2, 0, 10]), E.Invalid);
  end(b, t, r);
});

Deno.test("devices", () => {
  const { b, t, open } = start();
  assert.equal(open("/dev/null", O.ReadWrite), 0);
  assert.equal(b.call(t, io.read, [0, MEMORY, 10]), 0);
  assert.equal(b.call(t, io.write, [0, 0x1000, 2 ** 30]), 2 ** 30);
  assert.equal(open("/dev/zero", O.ReadWrite), 1);
  b.poke(t, MEMORY, pattern(600_000, 3));
  assert.equal(b.call(t, io.read, [1, MEMORY + 5, 590_000]), 590_000);
  assert.ok(b.peek(t, MEMORY + 5, 590_000).every((x) => x === 0));
  assert.equal(b.peek(t, MEMORY, 5)[4], pattern(5, 3)[4]);
  assert.equal(open("/dev/full", O.ReadWrite), 2);
  assert.equal(b.call(t, io.write, [2, MEMORY, 1]), E.NoSpace);
  b.s.kernel.random[8 * ONE] = 1;
  assert.equal(open("/dev/urandom"), 3);
  assert.equal(b.call(t, io.read, [3, MEMORY, 100_000]), 100_000);
  assert.equal(b.call(t, io.getrandom, [MEMORY, 16, 1]), 16);
  assert.equal(b.call(t, io.getrandom, [MEMORY, 16, 8]), E.Invalid);
  assert.equal(open("/dev/tty"), E.NoSuchDevice);
  end(b, t);
});

Deno.test("host streams: blocks, the end, output", () => {
  const { b, t } = start();
  openStandard(b.s, b.fx, b.s.thread.process[t]);
  const arrive = (bytes: Uint8Array) => {
    b.e.kind = EventKind.Input;
    b.e.cause = InputKind.Stream;
    b.e.valueLo = 0;
    b.e.valueHi = 0;
    b.e.registers.fill(0);
    b.e.registers[0] = bytes.length;
    b.staging.set(bytes);
    streamArrived(b.s, b.fx, 0, b.e);
    b.settle();
  };
  assert.equal(b.call(t, io.read, [0, MEMORY, 100]), Result.Pending);
  assert.deepEqual(b.streams, [0]);
  arrive(text("line one\nrest"));
  assert.ok(!b.blocked(t));
  assert.equal(b.call(t, io.read, [0, MEMORY, 9]), 9);
  assert.equal(b.call(t, io.read, [0, MEMORY, 9]), 4);
  assert.equal(b.peekText(t, MEMORY, 4), "rest");
  assert.equal(b.call(t, io.read, [0, MEMORY, 9]), Result.Pending);
  arrive(new Uint8Array(0));
  assert.equal(b.call(t, io.read, [0, MEMORY, 9]), 0);
  assert.equal(b.call(t, io.read, [0, MEMORY, 9]), 0);
  b.poke(t, MEMORY + 4090, text("to the host"));
  assert.equal(b.call(t, io.write, [1, MEMORY + 4090, 11]), 11);
  assert.equal(b.call(t, io.write, [2, MEMORY + 4090, 2]), 2);
  assert.deepEqual(b.output, ["", "to the host", "to"]);
  assert.equal(b.call(t, file.lseek, [0, 0, 0]), E.Seek);
  assert.equal(b.call(t, stat.fstat, [0, MEMORY]), 0);
  assert.equal(new DataView(b.peek(t, MEMORY, 128).buffer).getUint32(16, true), 0o010600);
  end(b, t);
});

Deno.test("a block asked for when the system stops is given back", () => {
  const { b, t } = start();
  openStandard(b.s, b.fx, b.s.thread.process[t]);
  b.call(t, io.read, [0, MEMORY, 100]);
  end(b, t);
});

function list(b: FileBench, t: number, fd: number, room: number): string[] {
  const names: string[] = [];
  const count = b.call(t, directory.getdents64, [fd, MEMORY, room]);
  assert.ok(count >= 0, `getdents ${count}`);
  const bytes = b.peek(t, MEMORY, count);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < count; at += view.getUint16(at + 16, true)) {
    let to = at + 19;
    while (bytes[to] !== 0) to++;
    names.push(new TextDecoder().decode(bytes.subarray(at + 19, to)));
  }
  return names;
}

Deno.test("a listing is complete in pieces, also while names go and come", () => {
  const { b, t, open } = start();
  b.call(t, directory.mkdirat, [CWD, 0, 0o755], text("d"));
  const expected = [".", ".."];
  for (let i = 0; i < 60; i++) {
    expected.push(`name-${i}`);
    b.call(t, file.close, [open(`d/name-${i}`, CREATE)]);
  }
  assert.equal(open("d"), 0);
  const got: string[] = [];
  for (let piece = list(b, t, 0, 200); piece.length > 0; piece = list(b, t, 0, 200)) {
    got.push(...piece);
  }
  assert.deepEqual(got, expected);
  b.call(t, file.lseek, [0, 0, 0]);
  const seen: string[] = [];
  for (let piece = list(b, t, 0, 300); piece.length > 0; piece = list(b, t, 0, 300)) {
    seen.push(...piece);
    for (const name of piece) {
      b.call(t, directory.unlinkat, [CWD, 0, 0], text(`d/${name}`));
    }
  }
  assert.deepEqual(seen, expected);
  assert.equal(b.call(t, directory.getdents64, [0, MEMORY, 10]), 0);
  b.call(t, file.lseek, [0, 0, 0]);
  assert.equal(b.call(t, directory.getdents64, [0, MEMORY, 10]), E.Invalid);
  assert.equal(b.call(t, directory.unlinkat, [CWD, 0, 0x200], text("d")), 0);
  assert.equal(b.call(t, directory.getdents64, [0, MEMORY, 100]), E.NotFound);
  end(b, t);
});

Deno.test("the search for where a listing goes on is bounded, whatever was taken away", () => {
  const b = new FileBench({
    inode: 6000,
    directoryEntry: 6000,
    nameChunk: 8000,
    memoryObject: 6000,
  });
  const t = b.process();
  const open = (path: string, flags = 0) =>
    b.call(t, file.openat, [CWD, 0, flags, 0o644], text(path));
  b.call(t, directory.mkdirat, [CWD, 0, 0o755], text("d"));
  const count = 4500;
  for (let i = 0; i < count; i++) b.call(t, file.close, [open(`d/${i}`, CREATE)]);
  assert.equal(open("d"), 0);
  const seen: string[] = [];
  while (seen.length < count - 100) seen.push(...list(b, t, 0, 4000));
  const last = seen[seen.length - 1];
  b.call(t, directory.unlinkat, [CWD, 0, 0], text(`d/${last}`));
  b.e.payloadLength = 0;
  b.e.registerCount = 3;
  [0, MEMORY, 20000].forEach((value, i) => {
    b.e.registers[2 * i] = value;
    b.e.registers[2 * i + 1] = 0;
  });
  assert.equal(directory.getdents64(b.s, b.fx, b.e, t), Result.Restart);
  for (let piece = list(b, t, 0, 20000); piece.length > 0; piece = list(b, t, 0, 20000)) {
    seen.push(...piece);
  }
  assert.equal(seen.length, count + 2);
});

Deno.test("stat, modes, owners, times", () => {
  const { b, t, open } = start();
  open("f", CREATE);
  b.poke(t, MEMORY, text("12345"));
  b.call(t, io.write, [0, MEMORY, 5]);
  const read = () => {
    assert.equal(b.call(t, stat.fstat, [0, MEMORY]), 0);
    return new DataView(b.peek(t, MEMORY, 128).buffer);
  };
  assert.equal(read().getBigUint64(48, true), 5n);
  assert.equal(b.call(t, stat.fchmod, [0, 0o4755]), 0);
  assert.equal(b.call(t, stat.fchownat, [CWD, 0, 7, 0xffffffff, 0], text("f")), 0);
  const times = new Uint8Array(32);
  const view = new DataView(times.buffer);
  view.setUint32(0, 1000, true);
  view.setUint32(8, 5000, true);
  view.setUint32(16, 2000, true);
  assert.equal(b.call(t, stat.utimensat, [CWD, 0, 0, 0], text("f"), times), 0);
  const v = read();
  assert.equal(v.getUint32(16, true), 0o104755);
  assert.deepEqual([v.getUint32(24, true), v.getUint32(28, true)], [7, 0]);
  assert.deepEqual([v.getUint32(72, true), v.getUint32(80, true)], [1000, 5000]);
  assert.equal(v.getUint32(88, true), 2000);
  assert.equal(b.call(t, stat.utimensat, [0, 0, 0, 0], ABSENT, ABSENT), 0);
  assert.equal(read().getUint32(88, true), 1_700_000_000);
  assert.equal(b.call(t, stat.newfstatat, [0, 0, MEMORY, 0x1000], text("")), 0);
  assert.equal(b.call(t, stat.statfs, [0, MEMORY], text("/")), 0);
  assert.equal(b.call(t, file.umask, [0o077]), 0o022);
  assert.equal(open("g", CREATE), 1);
  assert.equal(b.call(t, stat.fstat, [1, MEMORY]), 0);
  assert.equal(new DataView(b.peek(t, MEMORY, 128).buffer).getUint32(16, true), 0o100600);
  assert.equal(b.call(t, file.fcntl, [0, 3, 0]) & (3 | OpenFlag.Read), 2);
  end(b, t);
});
