import assert from "node:assert/strict";
import { type Call, type Given, Session } from "./test_session.ts";
import { ONE } from "../kernel.ts";
import { findCulprits, type Fold, type Suspect, suspectsOfFindings } from "./culprit.ts";
import { makeRecount } from "./recount.ts";
import { hashText } from "../state/hash.ts";
import { compareArenas } from "../state/snapshot.ts";
import { allocRow } from "../state/table.ts";
import { formatClosingTable } from "./closing.ts";
import type { Capacities } from "../reducer.ts";

const SMALL: Capacities = {
  hart: 3,
  thread: 14,
  waiter: 60,
  process: 12,
  addressSpace: 14,
  region: 120,
  memoryObject: 60,
  objectPage: 300,
  shootdown: 20,
  frame: 1024,
  capNode: 120,
  namePage: 24,
  notification: 24,
  openFile: 60,
  pipe: 12,
  inode: 60,
  image: 8,
  directoryEntry: 60,
  nameChunk: 120,
  chunkRequest: 12,
  pageTable: 200,
};

/** Somewhere in the stack, in the heap or the mappings, or nowhere. */
function somewhere({ chance }: Session): number {
  const top = STACK_TOP;
  return chance.of([
    top - 4096 - chance.below(0x8000),
    top - 4096 - chance.below(0x80000),
    0x3f_e000_0000 - chance.below(0x40) * 4096,
    0x1_0000 + chance.below(0x100) * 4096,
    0,
    2 ** 38 + 4096,
  ]);
}

const NAMES = ["/tmp/a", "/tmp/b", "/tmp/c", "/tmp", "/tmp/d/e", "/tmp/d", "/file", "/link", "/x"];

function timespec(ns: number): Uint8Array {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(8, ns, true);
  return bytes;
}

/** An itimerval of one shot, in us. */
function interval(us: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(24, us, true);
  return bytes;
}

/** A rt_sigaction structure. */
function action(handler: number): Uint8Array {
  const bytes = new Uint8Array(24);
  new DataView(bytes.buffer).setUint32(0, handler, true);
  return bytes;
}

/** Calls that may end a process, take its stack away or block for good: init makes none of them. */
const RISKY = new Set([33, 63, 64, 71, 93, 103, 94, 129, 134, 215, 216, 226]);

function isHarmless(choice: Call | number): boolean {
  if (typeof choice === "number") return choice < STACK_TOP && choice > STACK_TOP - 0x8000;
  const [call, first, , third] = choice;
  if (call === 222) return first === 0;
  if (call === 56) return third === 0x802;
  if (call === 260) return third === 1;
  return !RISKY.has(call);
}

/** What most often ends a process at once: done now and then only, or no child would get far. */
function isLethal(choice: Call | number): boolean {
  if (typeof choice === "number") return !isHarmless(choice);
  return choice[0] === 94 || choice[0] === 215 || choice[0] === 226;
}

/** What a thread does next; init, whose death would end the session, does nothing foolish. */
function next(session: Session, thread: number): Call | number {
  const { s } = session;
  const init = s.thread.process[thread] === s.kernel.init[ONE];
  for (;;) {
    const choice = anything(session);
    if (!init && (session.chance.below(6) === 0 || !isLethal(choice))) return choice;
    if (!init) continue;
    if (isHarmless(choice)) return choice;
  }
}

const STACK_TOP = 0x3f_f000_0000;

/** One call in eight is a page fault. */
function anything(session: Session): Call | number {
  const { chance } = session;
  const fd = () => chance.below(9) - 1;
  const name = (): Given => chance.of(NAMES);
  const page = () => Math.floor(somewhere(session) / 4096) * 4096;
  if (chance.below(8) === 0) return somewhere(session);
  const bytes = () => chance.of([1, 100, 5000, 70_000]);
  return chance.of<() => Call>([
    () => [59, somewhere(session), chance.of([0, 0x800])],
    () => [59, STACK_TOP - 8192, 0],
    () => [23, fd()],
    () => [24, fd(), chance.below(9), 0],
    () => [57, fd()],
    () => [57, fd()],
    () => [63, fd(), somewhere(session), bytes()],
    () => [64, fd(), somewhere(session), bytes()],
    () => [64, fd(), STACK_TOP - 8192, 100],
    () => [56, -100 >>> 0, name(), chance.of([0, 2, 0x42, 0x441, 0x802, 0x10000]), 0o644],
    () => [56, -100 >>> 0, name(), 0x42, 0o644],
    () => [33, -100 >>> 0, name(), chance.of([0o100644, 0o010644]), 0],
    () => [34, -100 >>> 0, name(), 0o755],
    () => [35, -100 >>> 0, name(), chance.of([0, 0x200])],
    () => [36, name(), -100 >>> 0, name()],
    () => [37, -100 >>> 0, name(), -100 >>> 0, name(), 0],
    () => [276, -100 >>> 0, name(), -100 >>> 0, name(), 0],
    () => [46, fd(), chance.of([0, 5, 5000, 100_000])],
    () => [71, fd(), fd(), 0, bytes()],
    () => [62, fd(), chance.below(10_000), 0],
    () => [49, name()],
    () => [222, 0, bytes(), 3, 0x22, -1 >>> 0, 0],
    () => [222, page(), bytes(), chance.of([1, 3, 5]), chance.of([0x02, 0x12, 0x11]), fd(), 0],
    () => [215, page(), bytes()],
    () => [226, page(), bytes(), chance.of([0, 1, 3, 5])],
    () => [216, page(), bytes(), bytes(), 1, 0],
    () => [214, 0x1_0000 + chance.below(0x80_000)],
    () => [220, 17, 0, 0, 0, 0],
    () => [220, 17, 0, 0, 0, 0],
    () => [220, 0x4111, 0, 0, 0, 0],
    () => [221, name(), ["a", "b"], []],
    () => [260, -1 >>> 0, 0, chance.of([0, 1]), 0],
    () => [260, -1 >>> 0, 0, 0, 0],
    () => [129, 2 + chance.below(20), chance.of([0, 10, 15, 17, 19, 18, 9])],
    () => [134, chance.of([10, 15, 17]), action(chance.of([0, 1, 0x1_0000])), 0, 8],
    () => [134, 14, action(chance.of([1, 0x1_0000])), 0, 8],
    () => [101, timespec(chance.below(1_000_000)), 0],
    () => [103, 0, interval(chance.of([0, 1, 50])), 0],
    () => [124],
    () => [122, 0, 8, new Uint8Array([1 + chance.below(7), 0, 0, 0, 0, 0, 0, 0])],
    () => [73, null, 0, timespec(1000), null],
    () => [94, chance.below(3)],
    () => [172],
  ])();
}

/** The checks of every event; the recount every `often` events. */
function watch(often: number): (session: Session) => void {
  return (session) => {
    assert.equal(session.auditor.checkTotals(), "", session.last);
    if (session.order % often !== 0) return;
    const found = session.auditor.recount().map((finding) => finding.text);
    assert.deepEqual(found, [], `${session.last}\n${found.join("\n")}`);
  };
}

function play(seed: number, events: number, often: number, backingSlots: number): Session {
  const session = new Session({
    harts: 3,
    seed,
    capacities: SMALL,
    backingSlots,
    after: watch(often),
  });
  for (let i = 0; i < events; i++) if (!session.step(next)) break;
  return session;
}

for (const [memory, slots] of [["ample", 1000], ["scarce", 90]] as const) {
  for (let seed = 1; seed <= 4; seed++) {
    Deno.test(`random calls on three harts keep the books: ${memory} memory, seed ${seed}`, () => {
      const session = play(seed, 600, 1, slots);
      assert.ok(session.order > 100, `the session went on: ${session.last}`);
      assert.ok(session.shutdown(), `the books close: ${session.last}`);
      const closing = session.auditor.close();
      assert.ok(closing.balanced, formatClosingTable(closing));
      assert.deepEqual(session.auditor.recount().map((f) => f.text), []);
    });
  }
}

Deno.test("the same seed makes the same state, whatever else ran in between", () => {
  const first = play(4, 300, 1000, 1000);
  play(5, 100, 1000, 1000);
  const second = play(4, 300, 1000, 1000);
  const arena = (x: Session) => ({
    layout: x.kernel.layout,
    buffer: x.s.kernel.$header.buffer,
    base: 0,
  });
  assert.equal(first.last, second.last);
  assert.equal(compareArenas(arena(first), arena(second)), null);
  const hashes = [first, second].map((x) => {
    const out = new Uint32Array(4);
    x.kernel.hash(out);
    return hashText(out);
  });
  assert.equal(hashes[0], hashes[1]);
});

Deno.test("a row taken by an event of a boot is traced to it", () => {
  const fold: Fold = (after) => {
    const session = new Session({ harts: 3, seed: 4, capacities: SMALL });
    for (let more = true; more && session.order < 200;) {
      more = session.step(next);
      if (session.order === 120) allocRow(session.s.pipe);
      more &&= after(session.s, session.order - 1);
    }
  };
  let found: Suspect[] = [];
  let baseline = new Float64Array(0);
  fold((s, order) => {
    if (order === 60) baseline = s.account.balance.slice();
    if (order !== 150) return true;
    found = suspectsOfFindings(makeRecount(s)()).filter((x) => x.table === "pipe");
    return false;
  });
  assert.equal(found.length, 1, "the recount names the row");
  assert.deepEqual(findCulprits(fold, found, baseline).map((c) => c.order), [119]);
});
