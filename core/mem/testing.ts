import assert from "node:assert/strict";
import { EFFECT_ARITY, EffectKind, Effects } from "../effect.ts";
import { Result } from "../error.ts";
import { AccessKind, Event, EventKind } from "../event.ts";
import { Cause, Pte } from "../isa/riscv64.ts";
import { kernelTables, ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { open } from "../ledger/post.ts";
import { PAGE_BYTES } from "../limits.ts";
import { createProcess, freeProcess } from "../proc/process.ts";
import { endOperation, OperationKind } from "../sched/operation.ts";
import { ThreadState } from "../sched/tables.ts";
import { scheduler } from "../sched/scheduler.ts";
import { createThread, freeThread, takeFromInbox } from "../sched/thread.ts";
import { bindArena, layoutArena } from "../state/arena.ts";
import { allocRow, freeRows, watermark } from "../state/table.ts";
import { bootMemory } from "./boot.ts";
import { pageFault } from "./fault.ts";
import { frameOfPfn, pfnOf } from "./frame.ts";
import { leafFrame, leafOf, leafTable, nextPresent } from "./pte.ts";
import { stepProtect } from "./protect.ts";
import { reclaim } from "./reclaim.ts";
import { stepRemap } from "./remap.ts";
import { markRanOn } from "./shootdown.ts";
import { createSpace, drainSpace, holdSpace, releaseSpace, spaceOf } from "./space.ts";
import { FrameRole } from "./tables.ts";
import { stepDiscard, stepUnmap } from "./unmap.ts";

/** Account pairs that open with the free rows of a table. */
const TABLES = [
  ["thread", "Thread"],
  ["waiter", "Waiter"],
  ["process", "Process"],
  ["addressSpace", "Space"],
  ["region", "Region"],
  ["memoryObject", "Object"],
  ["objectPage", "ObjectPage"],
  ["shootdown", "Shootdown"],
  ["pageTable", "PageTable"],
  ["chunkRequest", "ChunkRequest"],
] as const;

/** Sizes of a bench; small ones force exhaustion. */
export interface BenchOptions {
  readonly totalFrames?: number;
  readonly backingSlots?: number;
  readonly reserve?: number;
  readonly harts?: number;
  readonly regions?: number;
  readonly shootdowns?: number;
}

/** A kernel state with memory management only, and the bytes of its frames. */
export class Bench {
  readonly s: State;
  readonly fx: Effects = new Effects();
  readonly e: Event = new Event();
  readonly bytes: Uint8Array;
  /** Bytes of the input event being reduced. */
  readonly staging: Uint8Array = new Uint8Array(65536);
  /** Effects applied so far, by kind. */
  readonly applied: number[] = new Array(EFFECT_ARITY.length).fill(0);
  readonly baseline: Float64Array;
  /** Called for each invalidation, with a page (-1 for all) and an ASID. */
  onInvalidate: (page: number, asid: number) => void = () => {};

  constructor(options: BenchOptions = {}) {
    const total = options.totalFrames ?? 4096;
    const slots = options.backingSlots ?? Math.min(total, 2048);
    const layout = layoutArena(kernelTables, {
      thread: 16,
      waiter: 32,
      process: 16,
      addressSpace: 16,
      region: options.regions ?? 2048,
      memoryObject: 64,
      objectPage: 4096,
      shootdown: options.shootdowns ?? 64,
      frame: slots,
      pageTable: 512,
      capNode: 8,
      namePage: 24,
      notification: 24,
      openFile: 8,
      pipe: 8,
      inode: 8,
      image: 8,
      directoryEntry: 8,
      nameChunk: 8,
      chunkRequest: 64,
    });
    this.s = bindArena(kernelTables, layout, new ArrayBuffer(layout.bytes), 0);
    this.bytes = new Uint8Array((slots + 1) * PAGE_BYTES).fill(0xee);
    const s = this.s;
    allocRow(s.kernel);
    allocRow(s.fileSystem);
    s.kernel.harts[ONE] = options.harts ?? 2;
    s.kernel.nextPid[ONE] = 1;
    for (let h = 0; h < s.kernel.harts[ONE]; h++) allocRow(s.hart);
    for (const [table, account] of TABLES) open(s, Account[`${account}Free`], freeRows(s[table]));
    open(s, Account.FrameUnbacked, total);
    open(s, Account.BackingFree, slots);
    open(s, Account.FrameRefFree, 2 ** 40);
    open(s, Account.AsidFree, 2047);
    open(s, Account.IpiSource, 2 ** 40);
    open(s, Account.RequestSource, 2 ** 40);
    bootMemory(s, total, slots, options.reserve ?? 0);
    this.baseline = s.account.balance.slice();
  }

  /** A process with an empty space and one thread that runs on a hart; its thread, or -Err. */
  process(hart = 0): number {
    const space = createSpace(this.s, this.fx);
    if (space < 0) return space;
    return this.processIn(space, hart);
  }

  /** A process with one running thread in a space that exists. */
  processIn(space: number, hart = 0): number {
    const s = this.s;
    const p = createProcess(s, 0);
    assert.ok(p > 0, "the bench has room for a process");
    const t = createThread(s, p, s.process.pid[p]);
    s.process.firstThread[p] = t;
    s.process.space[p] = space;
    holdSpace(s, space);
    this.run(t, hart);
    return t;
  }

  /** Puts a thread on a hart, as a switch does. */
  run(t: number, hart: number): void {
    const s = this.s;
    if (scheduler.isQueued(s, hart, t)) scheduler.remove(s, hart, t);
    if (s.thread.inInbox[t] === 1) { while (takeFromInbox(s, hart) !== 0); }
    s.thread.requests[t] = 0;
    s.thread.state[t] = ThreadState.Running;
    s.thread.hart[t] = hart;
    s.hart.current[hart + 1] = t;
    s.hart.runningSpace[hart + 1] = spaceOf(s, t);
    markRanOn(s, hart, spaceOf(s, t));
  }

  /** Ends an event: deferred freeing, then the effects take place. */
  settle(): void {
    reclaim(this.s, this.fx);
    this.apply();
  }

  /** Steps the operation a call began until it ends; what the call returns in the end. */
  finish(result: number, hart: number, t: number): number {
    const s = this.s;
    this.settle();
    let r = result;
    while (s.hart.operation[hart + 1] === t) {
      const step = STEPS.get(s.thread.operation[t]);
      assert.ok(step !== undefined, "the operation has a step");
      r = step(s, this.fx, hart, t);
      this.settle();
      if (r !== Result.Pending) endOperation(s, hart, t);
    }
    return r;
  }

  /** Does what a hart's load, store or fetch does: walks, and faults until it can; see pageFault. */
  access(t: number, address: number, access: number, hart = this.s.thread.hart[t]): number {
    const s = this.s;
    const page = Math.floor(address / PAGE_BYTES);
    for (let attempt = 0; attempt < 4; attempt++) {
      const space = spaceOf(s, t);
      const table = leafTable(s, space, page);
      const want = Pte.Valid | Pte.User | NEEDED[access];
      if ((leafOf(s, table, page) & want) === want) return leafFrame(s, table, page);
      const r = this.fault(t, address, access, hart);
      if (r !== 0) return r;
    }
    throw new Error("an access faults again and again");
  }

  /** Delivers one PageFault event. */
  fault(t: number, address: number, access: number, hart = this.s.thread.hart[t]): number {
    const e = this.e;
    e.kind = EventKind.PageFault;
    e.hart = hart;
    e.cause = CAUSES[access];
    e.valueLo = address >>> 0;
    e.valueHi = Math.floor(address / 2 ** 32);
    const r = pageFault(this.s, this.fx, e, t);
    this.settle();
    return r;
  }

  /** Loads a byte of user memory; negative for a fault. */
  load(t: number, address: number): number {
    const frame = this.access(t, address, AccessKind.Read);
    return frame < 0 ? frame : this.bytes[frame * PAGE_BYTES + address % PAGE_BYTES];
  }

  /** Stores a byte of user memory; negative for a fault. */
  store(t: number, address: number, value: number): number {
    const frame = this.access(t, address, AccessKind.Write);
    if (frame < 0) return frame;
    this.bytes[frame * PAGE_BYTES + address % PAGE_BYTES] = value;
    return 0;
  }

  /** Drains and releases a process's space. */
  exit(t: number): void {
    const s = this.s;
    const p = s.thread.process[t];
    const space = s.process.space[p];
    for (let h = 0; h < s.kernel.harts[ONE]; h++) {
      if (s.hart.current[h + 1] === t) s.hart.runningSpace[h + 1] = 0;
    }
    while (s.addressSpace.refs[space] === 1 && drainSpace(s, this.fx, space) === 0) this.settle();
    s.process.space[p] = 0;
    releaseSpace(s, space);
    this.settle();
    for (let h = 0; h < s.kernel.harts[ONE]; h++) {
      if (s.hart.current[h + 1] === t) s.hart.current[h + 1] = 0;
      while (takeFromInbox(s, h) !== 0);
    }
    if (scheduler.isQueued(s, s.thread.hart[t], t)) scheduler.remove(s, s.thread.hart[t], t);
    s.process.firstThread[p] = 0;
    freeThread(s, t);
    // Processes of the bench have no family; each passes for the first one.
    s.kernel.init[ONE] = p;
    freeProcess(s, p);
    while (reclaim(s, this.fx) === 0) this.apply();
  }

  /** Applies and forgets the effects, as the machine does. */
  apply(): void {
    const { words, bytes } = this.fx;
    for (let at = 0; at < this.fx.length; at += 1 + EFFECT_ARITY[words[at]]) {
      this.applied[words[at]]++;
      const a = words[at + 1], b = words[at + 2], c = words[at + 3], d = words[at + 4];
      switch (words[at]) {
        case EffectKind.Zero:
          this.bytes.fill(0, a * PAGE_BYTES + b, a * PAGE_BYTES + b + c);
          break;
        case EffectKind.Copy: {
          const from = a * PAGE_BYTES + b;
          this.bytes.copyWithin(c * PAGE_BYTES + d, from, from + words[at + 5]);
          break;
        }
        case EffectKind.Write:
          this.bytes.set(bytes.subarray(c, c + d), a * PAGE_BYTES + b);
          break;
        case EffectKind.LoadInput:
          this.bytes.set(this.staging.subarray(a, a + d), b * PAGE_BYTES + c);
          break;
        case EffectKind.InvalidatePage:
        case EffectKind.InvalidateAsid:
          this.onInvalidate(words[at] === EffectKind.InvalidatePage ? b : -1, a);
          break;
      }
    }
    this.fx.clear();
  }

  /** Recounts everything from the roots and compares it with reference counts and books. */
  check(): void {
    const s = this.s;
    const refs = new Map<number, number>();
    const owner = new Map<number, string>();
    const own = (frame: number, who: string): void => {
      assert.ok(!owner.has(frame), `frame ${frame} belongs to ${owner.get(frame)} and ${who}`);
      owner.set(frame, who);
    };
    const hold = (frame: number): void => void refs.set(frame, (refs.get(frame) ?? 0) + 1);
    let tables = 0;
    for (let space = 1; space <= watermark(s.addressSpace); space++) {
      if (s.addressSpace.$live[space] === 0 || s.addressSpace.root[space] === 0) continue;
      const here = this.countTables(space, own);
      assert.equal(s.addressSpace.tables[space], here, "page tables of a space");
      tables += here;
      let resident = 0;
      for (
        let page = nextPresent(s, space, 0, 1 << 26);
        page < 1 << 26;
        page = nextPresent(s, space, page + 1, 1 << 26)
      ) {
        resident++;
        hold(leafFrame(s, leafTable(s, space, page), page));
      }
      assert.equal(s.addressSpace.resident[space], resident, "resident pages of a space");
    }
    for (let row = 1; row <= watermark(s.objectPage); row++) {
      if (s.objectPage.$live[row] === 1) hold(s.objectPage.frame[row]);
    }
    for (let f = s.memory.freeHead[ONE]; f !== 0; f = s.frame.next[f]) own(f, "free list");
    for (let f = s.memory.releasedHead[ONE]; f !== 0; f = s.frame.next[f]) own(f, "released list");
    for (let d = s.memory.firstShootdown[ONE]; d !== 0; d = s.shootdown.next[d]) {
      let n = 0;
      for (let f = s.shootdown.firstFrame[d]; f !== 0; f = s.frame.next[f], n++) {
        own(f, "quarantine");
      }
      assert.equal(n, s.shootdown.frames[d], "frames in quarantine");
    }
    this.checkFrames(refs, owner, tables);
  }

  private checkFrames(
    refs: ReadonlyMap<number, number>,
    owner: ReadonlyMap<number, string>,
    tables: number,
  ): void {
    const s = this.s;
    const roles: number[] = [0, 0, 0, 0, 0, 0];
    let total = 0;
    for (let f = 1; f <= watermark(s.frame); f++) {
      const n = refs.get(f) ?? 0;
      assert.equal(s.frame.refs[f], n, `references of frame ${f}`);
      assert.ok((n > 0) !== owner.has(f), `frame ${f} is mapped or owned`);
      assert.equal(frameOfPfn(s, pfnOf(s, f)), f);
      roles[s.frame.role[f]]++;
      total += n;
    }
    const b = s.account.balance;
    assert.equal(b[Account.FrameFree], roles[FrameRole.Free], "free frames");
    assert.equal(b[Account.FrameAnonymous], roles[FrameRole.Anonymous], "anonymous frames");
    assert.equal(b[Account.FrameObject], roles[FrameRole.Object], "object frames");
    assert.equal(b[Account.FramePageTable], roles[FrameRole.PageTable], "page-table frames");
    assert.equal(b[Account.FrameQuarantine], roles[FrameRole.Quarantine], "quarantined frames");
    assert.equal(b[Account.FrameRefUsed], total, "frame references");
    assert.equal(b[Account.PageTableUsed], tables, "page-table pages");
    for (const [table, account] of TABLES) {
      assert.equal(b[Account[`${account}Free`]], freeRows(s[table]), `free rows of ${table}`);
    }
  }

  private countTables(space: number, own: (frame: number, who: string) => void): number {
    const s = this.s;
    const visit = (frame: number, level: number): number => {
      own(frame, "page table");
      const row = s.frame.pageTable[frame];
      let used = 0;
      let count = 1;
      for (let i = 0; i < 512; i++) {
        const lo = s.pageTable.entries[(row * 512 + i) * 2];
        const hi = s.pageTable.entries[(row * 512 + i) * 2 + 1];
        const bit = (s.pageTable.present[row * 16 + (i >>> 5)] >>> (i & 31)) & 1;
        assert.equal(bit, lo & 1, "the bit of an entry in present");
        if ((lo & 1) === 0) continue;
        used++;
        const isLeaf = (lo & (Pte.Read | Pte.Write | Pte.Execute)) !== 0;
        assert.equal(isLeaf, level === 0, "leaves are 4 KiB pages: there are no superpages");
        if (level > 0) {
          count += visit(frameOfPfn(s, hi * 2 ** 22 + (lo >>> 10) - 0x80000), level - 1);
        }
      }
      assert.equal(s.pageTable.used[row], used, "entries in use of a page table");
      return count;
    };
    return visit(s.addressSpace.root[space], 2);
  }

  /** Compares the books with those before the first process; permanent differences are set right. */
  assertBaseline(): void {
    const b = this.s.account.balance;
    const now = b.slice();
    now[Account.FrameUnbacked] += now[Account.FrameFree];
    now[Account.FrameFree] = 0;
    now[Account.BackingFree] += now[Account.BackingUsed];
    now[Account.BackingUsed] = 0;
    now[Account.AsidFree] += now[Account.AsidRetired];
    now[Account.AsidRetired] = 0;
    for (const [name, account] of Object.entries(Account)) {
      // Flows: what was produced stays consumed.
      if (/^(Ipi|Request)/.test(name)) continue;
      assert.equal(now[account], this.baseline[account], name);
    }
  }
}

const STEPS = new Map([
  [OperationKind.Unmap as number, stepUnmap],
  [OperationKind.Discard, stepDiscard],
  [OperationKind.Protect, stepProtect],
  [OperationKind.Remap, stepRemap],
]);
const NEEDED: readonly number[] = [Pte.Read, Pte.Write, Pte.Execute];
const CAUSES: readonly number[] = [Cause.LoadPage, Cause.StorePage, Cause.FetchPage];

/** A small seeded generator of test inputs (xorshift). */
export function generator(seed: number): (below: number) => number {
  let x = (seed * 2654435761 + 1) >>> 0 || 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}
