import assert from "node:assert/strict";
import { close, forkDescriptors } from "../cap/descriptor.ts";
import { Result } from "../error.ts";
import { Account } from "../ledger/accounts.ts";
import { recount } from "../ledger/recount.ts";
import * as file from "../personality/linux/file.ts";
import * as io from "../personality/linux/io.ts";
import * as directory from "../personality/linux/directory.ts";
import { ppoll } from "../personality/linux/poll.ts";
import { sendSignalToThread } from "../proc/signal.ts";
import { Signal } from "../proc/signal_numbers.ts";
import { WakeReason } from "../sched/tables.ts";
import { wakeThread } from "../sched/wait.ts";
import { ABSENT, E, FileBench, MEMORY, text } from "./testing.ts";

const FAR = MEMORY + 0x100000;

/** A reader and a writer that share a pipe: descriptor 0 reads, 1 writes. */
function pair(): { b: FileBench; r: number; w: number } {
  const b = new FileBench();
  const r = b.process();
  const w = b.process();
  assert.equal(b.call(r, file.pipe2, [MEMORY, 0]), 0);
  assert.deepEqual([...new Uint32Array(b.peek(r, MEMORY, 8).buffer)], [0, 1]);
  assert.equal(forkDescriptors(b.s, b.fx, b.s.thread.process[r], b.s.thread.process[w]), 0);
  b.call(r, file.close, [1]);
  b.call(w, file.close, [0]);
  return { b, r, w };
}

function end(b: FileBench, ...threads: number[]): void {
  const wrong = recount(b.s).filter((line) => /pipe|open|node|frame|inode/i.test(line));
  assert.deepEqual(wrong.filter((line) => !/addressSpace|process|hart/i.test(line)), []);
  for (const t of threads) b.exit(t);
  b.close();
}

Deno.test("bytes go through in order, and the end is seen when the last writer closes", () => {
  const { b, r, w } = pair();
  b.poke(w, MEMORY, text("hello world"));
  assert.equal(b.call(w, io.write, [1, MEMORY, 11]), 11);
  assert.equal(b.call(r, io.read, [0, MEMORY, 5]), 5);
  assert.equal(b.peekText(r, MEMORY, 5), "hello");
  assert.equal(b.call(r, io.read, [0, MEMORY, 100]), 6);
  assert.equal(b.peekText(r, MEMORY, 6), " world");
  assert.equal(b.call(r, io.read, [0, MEMORY, 100]), Result.Pending);
  assert.ok(b.blocked(r));
  b.call(w, file.close, [1]);
  assert.ok(!b.blocked(r));
  assert.equal(b.call(r, io.read, [0, MEMORY, 100]), 0);
  end(b, r, w);
});

Deno.test("a writer finishes the read that waits, if its pages are there", () => {
  const { b, r, w } = pair();
  b.poke(r, MEMORY, text("......"));
  b.poke(w, MEMORY, text("abcdef"));
  assert.equal(b.call(r, io.read, [0, MEMORY, 4]), Result.Pending);
  assert.equal(b.call(w, io.write, [1, MEMORY, 6]), 6);
  assert.ok(!b.blocked(r));
  assert.equal(b.returned.get(r), 4);
  assert.equal(b.peekText(r, MEMORY, 6), "abcd..");
  // The pages of this read were never touched: it is woken to run again.
  b.call(r, io.read, [0, MEMORY, 100]);
  assert.equal(b.call(r, io.read, [0, FAR, 4]), Result.Pending);
  b.returned.clear();
  assert.equal(b.call(w, io.write, [1, MEMORY, 2]), 2);
  assert.ok(!b.blocked(r));
  assert.equal(b.s.thread.wakeReason[r], WakeReason.Restart);
  assert.equal(b.returned.size, 0);
  assert.equal(b.call(r, io.read, [0, FAR, 4]), 2);
  end(b, r, w);
});

Deno.test("a short write goes to the read that waits without a frame between, else through the ring", () => {
  const { b, r, w } = pair();
  const PAGE = 4096;
  const held = () => b.s.account.balance[Account.FrameBuffer];
  const data = Uint8Array.from({ length: 2 * PAGE }, (_, i) => (i * 11 + (i >> 8)) & 255);
  b.poke(w, MEMORY, data);
  const nothing = new Uint8Array(3 * PAGE).fill(255);
  // Where it is written from, how much, where to, how much is asked for.
  for (
    const [from, length, to, asked] of [
      [0, 1, 0, 1],
      [5, 100, 9, 200],
      [0, PAGE, PAGE, PAGE],
      [PAGE - 100, 200, 0, 200],
      [0, 200, PAGE - 100, 200],
      [7, 300, 0, 200],
      [PAGE - 1, 2, PAGE - 1, 1],
    ]
  ) {
    const what = `${length} from ${from} to ${to}, ${asked} asked for`;
    b.poke(r, MEMORY, nothing);
    assert.equal(b.call(r, io.read, [0, MEMORY + to, asked]), Result.Pending);
    assert.equal(b.call(w, io.write, [1, MEMORY + from, length]), length, what);
    const got = Math.min(length, asked);
    assert.equal(b.returned.get(r), got, what);
    assert.deepEqual(b.peek(r, MEMORY + to, got), data.slice(from, from + got), what);
    assert.deepEqual(b.peek(r, MEMORY + to + got, 64), nothing.slice(0, 64), what);
    assert.equal(held() > 0, length > got, what);
    if (length > got) assert.equal(b.call(r, io.read, [0, MEMORY, 2 * PAGE]), length - got);
    assert.equal(held(), 0, what);
  }
  end(b, r, w);
});

Deno.test("a large write blocks, goes on as room appears and returns all of it", () => {
  const { b, r, w } = pair();
  const size = 200000;
  const data = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 255);
  b.poke(w, MEMORY + 13, data);
  assert.equal(b.call(w, io.write, [1, MEMORY + 13, size]), Result.Pending);
  assert.equal(b.s.thread.callProgress[w], 65536);
  const got: number[] = [];
  for (let n = 0; got.length < size; n++) {
    const count = b.call(r, io.read, [0, MEMORY + 5, n % 2 === 0 ? 30000 : 4097]);
    assert.ok(count > 0);
    got.push(...b.peek(r, MEMORY + 5, count));
  }
  assert.deepEqual(got, [...data]);
  assert.ok(!b.blocked(w));
  assert.equal(b.returned.get(w), size);
  end(b, r, w);
});

Deno.test("a full ring that wraps into the page of its tail keeps both ends", () => {
  const { b, r, w } = pair();
  const data = Uint8Array.from({ length: 70_536 }, (_, i) => (i * 11 + (i >> 8)) & 255);
  b.poke(w, MEMORY, data);
  assert.equal(b.call(w, io.write, [1, MEMORY, 65536]), 65536);
  assert.equal(b.call(r, io.read, [0, MEMORY, 5000]), 5000);
  assert.equal(b.call(w, io.write, [1, MEMORY + 65536, 5000]), 5000);
  const got = [...b.peek(r, MEMORY, 5000)];
  for (const length of [8000, 65536]) {
    const count = b.call(r, io.read, [0, MEMORY, length]);
    got.push(...b.peek(r, MEMORY, count));
  }
  assert.deepEqual(got, [...data]);
  end(b, r, w);
});

Deno.test("a write of at most 4,096 bytes is whole or waits", () => {
  const { b, r, w } = pair();
  b.call(w, file.fcntl, [1, 4, file.O.NonBlock]);
  assert.equal(b.call(w, io.write, [1, MEMORY, 65000]), 65000);
  assert.equal(b.call(w, io.write, [1, MEMORY, 1000]), E.Again);
  assert.equal(b.call(w, io.write, [1, MEMORY, 5000]), 536);
  assert.equal(b.call(w, io.write, [1, MEMORY, 1]), E.Again);
  b.call(w, file.fcntl, [1, 4, 0]);
  assert.equal(b.call(w, io.write, [1, MEMORY, 4096]), Result.Pending);
  assert.equal(b.call(r, io.read, [0, MEMORY, 4095]), 4095);
  assert.ok(b.blocked(w));
  assert.equal(b.call(r, io.read, [0, MEMORY, 1]), 1);
  assert.ok(!b.blocked(w));
  assert.equal(b.returned.get(w), 4096);
  end(b, r, w);
});

Deno.test("without readers a write breaks, with a signal; a blocked one finds out", () => {
  const { b, r, w } = pair();
  const bit = 1 << (Signal.Pipe - 1);
  assert.equal(b.call(w, io.write, [1, MEMORY, 100000]), Result.Pending);
  b.call(r, file.close, [0]);
  assert.ok(!b.blocked(w));
  const handler = 65 * b.s.thread.process[w] + Signal.Pipe;
  b.s.process.handlerLo[handler] = 0x1000;
  assert.equal(b.call(w, io.write, [1, MEMORY, 100000]), 65536);
  const p = b.s.thread.process[w];
  assert.ok(((b.s.process.pendingLo[p] | b.s.thread.pendingLo[w]) & bit) !== 0);
  assert.equal(b.call(w, io.write, [1, MEMORY, 1]), E.BrokenPipe);
  end(b, r, w);
});

Deno.test("an interrupted large write keeps its progress", () => {
  const { b, r, w } = pair();
  assert.equal(b.call(w, io.write, [1, MEMORY, 70000]), Result.Pending);
  wakeThread(b.s, b.fx, 0, w, WakeReason.Signal);
  assert.equal(b.s.thread.callProgress[w], 65536);
  end(b, r, w);
});

Deno.test("a writer that a signal takes from before another lets it go on", () => {
  const { b, r, w } = pair();
  const second = b.process();
  forkDescriptors(b.s, b.fx, b.s.thread.process[w], b.s.thread.process[second]);
  assert.equal(b.call(w, io.write, [1, MEMORY, 65000]), 65000);
  assert.equal(b.call(w, io.write, [1, MEMORY, 4096]), Result.Pending);
  b.poke(second, MEMORY, new Uint8Array(600));
  assert.equal(b.call(second, io.write, [1, MEMORY, 600]), Result.Pending);
  assert.equal(b.call(r, io.read, [0, MEMORY, 100]), 100);
  assert.ok(b.blocked(second), "who came first goes first");
  b.s.process.handlerLo[65 * b.s.thread.process[w] + Signal.Usr1] = 0x1000;
  sendSignalToThread(b.s, b.fx, 0, w, Signal.Usr1);
  assert.ok(!b.blocked(w));
  assert.ok(!b.blocked(second));
  assert.equal(b.s.thread.wakeReason[second], WakeReason.Complete);
  end(b, r, w, second);
});

Deno.test("rights: a read end does not write, a closed descriptor does nothing", () => {
  const { b, r, w } = pair();
  assert.equal(b.call(r, io.write, [0, MEMORY, 1]), E.BadDescriptor);
  assert.equal(b.call(w, io.read, [1, MEMORY, 1]), E.BadDescriptor);
  assert.equal(b.call(w, io.read, [7, MEMORY, 1]), E.BadDescriptor);
  assert.equal(b.call(w, io.read, [-1, MEMORY, 1]), E.BadDescriptor);
  assert.equal(b.call(r, file.lseek, [0, 0, 1]), E.Seek);
  assert.equal(b.call(w, io.write, [1, 0x5000, 1]), E.BadAddress);
  assert.equal(b.call(w, io.write, [1, 0x5000, 0]), 0);
  assert.equal(b.call(w, io.pwrite64, [1, MEMORY, 1, 0]), E.Seek);
  end(b, r, w);
});

Deno.test("vectors: in order, atomic when small, over the end of a buffer", () => {
  const { b, r, w } = pair();
  b.poke(w, MEMORY, text("abcdefghij"));
  const vector = (...parts: [number, number][]): Uint8Array => {
    const words = new BigUint64Array(parts.flat().map(BigInt));
    return new Uint8Array(words.buffer);
  };
  const iov = vector([MEMORY + 3, 3], [MEMORY, 0], [MEMORY, 3]);
  assert.equal(b.call(w, io.writev, [1, 0, 3], iov), 6);
  const into = vector([MEMORY, 2], [MEMORY + 0x2000, 10]);
  assert.equal(b.call(r, io.readv, [0, 0, 2], into), 6);
  assert.equal(b.peekText(r, MEMORY, 2), "de");
  assert.equal(b.peekText(r, MEMORY + 0x2000, 4), "fabc");
  assert.equal(b.call(r, io.readv, [0, 0, 2], into), Result.Pending);
  assert.equal(b.call(w, io.writev, [1, 0, 3], iov), 6);
  assert.ok(!b.blocked(r));
  assert.equal(b.call(r, io.readv, [0, 0, 2], into), 6);
  end(b, r, w);
});

Deno.test("poll waits on several ends, and other waits after it are no poll", () => {
  const { b, r, w } = pair();
  assert.equal(b.call(r, file.pipe2, [MEMORY, 0]), 0);
  const items = (...list: [number, number][]): Uint8Array => {
    const bytes = new Uint8Array(8 * list.length);
    const view = new DataView(bytes.buffer);
    list.forEach(([fd, events], i) => {
      view.setInt32(8 * i, fd, true);
      view.setInt16(8 * i + 4, events, true);
    });
    return bytes;
  };
  const wanted = items([0, 1], [1, 1], [2, 4]);
  assert.equal(b.call(r, ppoll, [MEMORY, 3, 0, 0, 8], wanted, ABSENT, ABSENT), 1);
  const both = items([0, 1], [1, 1], [-1, 1]);
  const call = () => b.call(r, ppoll, [MEMORY, 3, 0, 0, 8], both, ABSENT, ABSENT);
  assert.equal(call(), Result.Pending);
  assert.equal(b.call(w, io.write, [1, MEMORY, 3]), 3);
  assert.ok(!b.blocked(r));
  assert.equal(call(), 1);
  assert.equal(b.peek(r, MEMORY, 8)[6], 1);
  assert.equal(b.call(r, io.read, [0, MEMORY, 3]), 3);
  assert.equal(b.call(r, io.read, [0, MEMORY, 3]), Result.Pending);
  b.call(w, io.write, [1, MEMORY, 2]);
  assert.equal(b.returned.get(r), 2);
  // A poll that a signal ended leaves nothing that makes the next wait look like a poll.
  assert.equal(call(), Result.Pending);
  wakeThread(b.s, b.fx, 0, r, WakeReason.Signal);
  b.returned.clear();
  assert.equal(b.call(r, io.read, [0, MEMORY, 3]), Result.Pending);
  b.call(w, io.write, [1, MEMORY, 1]);
  assert.equal(b.returned.get(r), 1);
  const zero = new Uint8Array(16);
  assert.equal(b.call(r, ppoll, [MEMORY, 3, 0, 0, 8], both, zero, ABSENT), 0);
  const nothing = items([77, 1]);
  assert.equal(b.call(r, ppoll, [MEMORY, 1, 0, 0, 8], nothing, ABSENT, ABSENT), 1);
  assert.equal(b.peek(r, MEMORY, 8)[6], 32);
  b.call(w, file.close, [1]);
  assert.equal(call(), 1);
  assert.equal(b.peek(r, MEMORY, 8)[6], 16);
  end(b, r, w);
});

Deno.test("fifos: an open waits for its partner, whose open finishes it", () => {
  const b = new FileBench();
  const r = b.process();
  const w = b.process();
  const at = [-100, 0, 0o010644, 0];
  assert.equal(b.call(r, directory.mknodat, at, text("/tmp/fifo")), 0);
  const open = (t: number, flags: number) =>
    b.call(t, file.openat, [-100, 0, flags, 0], text("/tmp/fifo"));
  assert.equal(open(r, 0), Result.Pending);
  assert.equal(open(w, file.O.WriteOnly), 0);
  assert.equal(b.returned.get(r), 0);
  b.poke(w, MEMORY, text("x"));
  assert.equal(b.call(w, io.write, [0, MEMORY, 1]), 1);
  b.call(w, file.close, [0]);
  assert.equal(b.call(r, io.read, [0, MEMORY, 9]), 1);
  assert.equal(b.call(r, io.read, [0, MEMORY, 9]), 0);
  b.call(r, file.close, [0]);
  assert.equal(open(w, file.O.WriteOnly | file.O.NonBlock), E.NoSuchDevice);
  assert.equal(open(r, file.O.NonBlock), 0);
  assert.equal(open(w, file.O.WriteOnly), 0);
  assert.equal(open(r, file.O.ReadWrite), 1);
  b.call(w, file.close, [0]);
  // The name goes while somebody waits in open.
  b.call(r, file.close, [0]);
  b.call(r, file.close, [1]);
  assert.equal(open(w, file.O.WriteOnly), Result.Pending);
  assert.equal(b.call(r, directory.unlinkat, [-100, 0, 0], text("/tmp/fifo")), 0);
  assert.ok(!b.blocked(w));
  assert.equal(open(w, file.O.WriteOnly), E.NotFound);
  end(b, r, w);
});

Deno.test("fifos: one opened for neither reading nor writing is refused, and nothing is held", () => {
  const b = new FileBench();
  const t = b.process();
  assert.equal(b.call(t, directory.mknodat, [-100, 0, 0o010644, 0], text("/tmp/fifo")), 0);
  const open = (flags: number) => b.call(t, file.openat, [-100, 0, flags, 0], text("/tmp/fifo"));
  for (let n = 0; n < 2; n++) assert.equal(open(file.O.AccessMode | file.O.NonBlock), E.Invalid);
  assert.equal(open(file.O.ReadWrite), 0);
  assert.equal(open(file.O.AccessMode), E.Invalid);
  b.call(t, file.close, [0]);
  end(b, t);
});

Deno.test("fifos: the last open that a signal ends gives the pipe back", () => {
  const b = new FileBench();
  const [one, two, three] = [b.process(), b.process(), b.process()];
  assert.equal(b.call(one, directory.mknodat, [-100, 0, 0o010644, 0], text("/tmp/fifo")), 0);
  const open = (t: number, flags: number) =>
    b.call(t, file.openat, [-100, 0, flags, 0], text("/tmp/fifo"));
  const used = () => b.s.account.balance[Account.PipeUsed];
  for (const t of [one, two]) assert.equal(open(t, file.O.WriteOnly), Result.Pending);
  sendSignalToThread(b.s, b.fx, 0, one, Signal.Kill);
  assert.ok(!b.blocked(one) && b.blocked(two));
  assert.equal(used(), 1, "two still waits");
  sendSignalToThread(b.s, b.fx, 0, two, Signal.Kill);
  assert.equal(used(), 0, "nobody waits any more");
  // What somebody has open stays.
  assert.equal(open(three, file.O.NonBlock), 0);
  assert.equal(used(), 1);
  b.call(three, file.close, [0]);
  assert.equal(used(), 0);
  end(b, one, two, three);
});

Deno.test("pipes refuse when memory or tables are full, and take nothing", () => {
  const b = new FileBench({ pipe: 3, openFile: 8 });
  const t = b.process();
  const before = b.s.account.balance.slice();
  let made = 0;
  while (b.call(t, file.pipe2, [MEMORY, 0]) === 0) made++;
  assert.equal(made, 3);
  assert.equal(b.call(t, file.pipe2, [0x5000, 0]), E.BadAddress);
  for (let fd = 0; fd < 2 * made; fd++) {
    assert.equal(close(b.s, b.fx, 0, b.s.thread.process[t], fd), 0);
  }
  b.settle();
  assert.deepEqual(b.s.account.balance.slice(31, 47), before.slice(31, 47));
  end(b, t);
});

Deno.test("fifos: an open that is refused takes no pipe, and one without a pipe is NoMemory", () => {
  const b = new FileBench({ pipe: 1 });
  const t = b.process();
  const open = (name: string, flags: number) =>
    b.call(t, file.openat, [-100, 0, flags, 0], text(name));
  for (const name of ["/tmp/one", "/tmp/two"]) {
    assert.equal(b.call(t, directory.mknodat, [-100, 0, 0o010644, 0], text(name)), 0);
    assert.equal(open(name, file.O.WriteOnly | file.O.NonBlock), E.NoSuchDevice);
  }
  assert.equal(b.s.account.balance[Account.PipeUsed], 0);
  assert.equal(open("/tmp/one", file.O.ReadWrite), 0);
  assert.equal(open("/tmp/two", file.O.ReadWrite), E.NoMemory);
  assert.equal(b.call(t, file.close, [0]), 0);
  assert.equal(open("/tmp/two", file.O.ReadWrite), 0);
  b.call(t, file.close, [0]);
  end(b, t);
});
