/** A kernel state with a file system for tests: processes with user memory, and frames' bytes. */
import assert from "node:assert/strict";
import { boot, encodeBoot } from "../boot.ts";
import { closeAll } from "../cap/descriptor.ts";
import { EFFECT_ARITY, EffectKind, Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { AccessKind, ArgumentLength, Event, EventKind, InputKind } from "../event.ts";
import { Account } from "../ledger/accounts.ts";
import { kernelTables, ONE, type State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { chunkArrived } from "../mem/chunk.ts";
import { reclaim } from "../mem/reclaim.ts";
import { mapRegion } from "../mem/region.ts";
import { createSpace, drainSpace, holdSpace, releaseSpace } from "../mem/space.ts";
import { Prot } from "../mem/tables.ts";
import { resolve } from "../mem/user.ts";
import { createProcess } from "../proc/process.ts";
import { ProcessState } from "../proc/tables.ts";
import { endOperation, OperationKind } from "../sched/operation.ts";
import { scheduler } from "../sched/scheduler.ts";
import { ThreadState } from "../sched/tables.ts";
import { createThread } from "../sched/thread.ts";
import { hasWaking, wakeSome } from "../sched/wait.ts";
import { bindArena, layoutArena } from "../state/arena.ts";
import { dropInode, holdInode } from "./inode.ts";
import { mountRoot } from "./init.ts";
import { stepSendFile } from "./sendfile.ts";
import { stepRead, stepWrite } from "./transfer.ts";
import { stepTruncate } from "./truncate.ts";
import { stepVector } from "./vector.ts";
import { unmountStep } from "./unmount.ts";

/** Where a process's memory begins, and its pages. */
export const MEMORY = 0x1000_0000;
const MEMORY_PAGES = 1024;

/** A handler of a Linux call. */
export type Call = (s: State, fx: Effects, e: Event, t: number) => number;

/** Table capacities a test may make small. */
export type Capacities = Partial<Record<keyof typeof kernelTables, number>>;

/** Bytes of a text. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** The state, and what a test does with it. */
export class FileBench {
  readonly s: State;
  readonly fx: Effects = new Effects();
  readonly e: Event = new Event();
  readonly frames: Uint8Array;
  readonly staging: Uint8Array = new Uint8Array(65536);
  /** Books before the root was mounted. */
  readonly baseline: Float64Array;
  /** What went to each host stream, as text. */
  readonly output: string[] = ["", "", ""];
  /** Calls finished by somebody else, by thread. */
  readonly returned: Map<number, number> = new Map();
  /** Chunks asked for: [file, chunk]. */
  readonly chunks: [number, number][] = [];
  /** Steps of long operations taken so far. */
  steps = 0;
  /** Streams asked for. */
  readonly streams: number[] = [];

  constructor(capacities: Capacities = {}, streamKinds = 0, runMode = 1) {
    const layout = layoutArena(kernelTables, {
      hart: 2,
      thread: 16,
      waiter: 32,
      process: 16,
      addressSpace: 16,
      region: 64,
      memoryObject: 256,
      objectPage: 4096,
      shootdown: 8,
      frame: 4096,
      capNode: 256,
      namePage: 24,
      notification: 24,
      openFile: 128,
      pipe: 16,
      inode: 1024,
      image: 8,
      directoryEntry: 2048,
      nameChunk: 4096,
      chunkRequest: 16,
      pageTable: 256,
      ...capacities,
    });
    this.s = bindArena(kernelTables, layout, new ArrayBuffer(layout.bytes), 0);
    this.frames = new Uint8Array(4096 * PAGE_BYTES).fill(0xee);
    const config = {
      harts: 1,
      totalFrames: 4000,
      backingSlots: 4000,
      runMode,
      streamKinds,
      columns: 80,
      rows: 24,
      startTime: 1_700_000_000_000_000,
    };
    this.e.payloadLength = encodeBoot(config, this.e.payload);
    boot(this.s, this.fx, this.e);
    this.settle();
    this.baseline = this.s.account.balance.slice();
    mountRoot(this.s, this.fx);
    this.settle();
  }

  /** A process in the root directory with memory and one running thread; its thread. */
  process(): number {
    const { s, fx } = this;
    const p = createProcess(s, s.kernel.init[ONE]);
    const space = createSpace(s, fx);
    const t = createThread(s, p, s.process.pid[p]);
    assert.ok(p > 0 && space > 0 && t > 0);
    s.process.firstThread[p] = t;
    s.process.space[p] = space;
    holdSpace(s, space);
    s.process.state[p] = ProcessState.Live;
    s.process.group[p] = s.process.pid[p];
    s.process.session[p] = s.process.pid[p];
    s.process.umask[p] = 0o022;
    const root = s.kernel.rootInode[ONE];
    s.process.root[p] = root;
    s.process.cwd[p] = root;
    holdInode(s, root);
    holdInode(s, root);
    const prot = Prot.Read | Prot.Write;
    const zero = s.memory.zeroObject[ONE];
    const start = MEMORY / PAGE_BYTES;
    assert.ok(mapRegion(s, fx, space, start, start + MEMORY_PAGES, prot, 0, zero, 0, 0) > 0);
    s.thread.state[t] = ThreadState.Running;
    this.settle();
    return t;
  }

  /** Calls a handler with registers and copied-in bytes; a long operation is stepped to its end. */
  call(t: number, handler: Call, registers: readonly number[], ...copies: Uint8Array[]): number {
    const { s, fx, e } = this;
    if (scheduler.isQueued(s, 0, t)) scheduler.remove(s, 0, t);
    s.thread.state[t] = ThreadState.Running;
    e.kind = EventKind.Syscall;
    e.time = ++s.kernel.now[ONE];
    e.registerCount = registers.length;
    registers.forEach((value, i) => {
      e.registers[2 * i] = value >>> 0;
      e.registers[2 * i + 1] = Math.floor(value / 2 ** 32) >>> 0;
    });
    this.payload(copies);
    let result: number = Result.Restart;
    for (let n = 0; n < 1000 && result === Result.Restart; n++) {
      result = this.finish(t, handler(s, fx, e, t));
      this.settle();
    }
    if (result > Result.Pending) this.clear(t);
    return result;
  }

  private step(t: number): number {
    const { s, fx } = this;
    switch (s.thread.operation[t]) {
      case OperationKind.Read:
        return stepRead(s, fx, 0, t);
      case OperationKind.Write:
        return stepWrite(s, fx, 0, t);
      case OperationKind.SendFile:
        return stepSendFile(s, fx, 0, t);
      case OperationKind.Truncate:
        return stepTruncate(s, fx, 0, t);
      default:
        return stepVector(s, fx, 0, t, s.thread.operation[t] === OperationKind.WriteVector);
    }
  }

  private finish(t: number, first: number): number {
    let result = first;
    while (this.s.hart.operation[1] === t) {
      this.settle();
      result = this.step(t);
      this.steps++;
      if (result !== Result.Pending) endOperation(this.s, 0, t);
    }
    return result === Result.NoReturn ? Result.Pending : result;
  }

  private payload(copies: readonly Uint8Array[]): void {
    const view = new DataView(this.e.payload.buffer);
    let at = 0;
    for (const bytes of copies) {
      view.setUint32(at, bytes === ABSENT ? ArgumentLength.Absent : bytes.length, true);
      this.e.payload.set(bytes, at + 4);
      at += 4 + ((bytes.length + 3) & ~3);
    }
    this.e.payloadLength = at;
  }

  private clear(t: number): void {
    const s = this.s;
    s.thread.callProgress[t] = 0;
    s.thread.callStage[t] = 0;
    s.thread.callDeadline[t] = 0;
    s.thread.callArgument.fill(0, 4 * t, 4 * t + 4);
  }

  /** Whether a thread is blocked. */
  blocked(t: number): boolean {
    return this.s.thread.state[t] === ThreadState.Blocked;
  }

  /** Stores bytes into a process's memory. */
  poke(t: number, address: number, bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      this.frames[this.place(t, address + i, AccessKind.Write)] = bytes[i];
    }
  }

  /** Loads bytes of a process's memory. */
  peek(t: number, address: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      out[i] = this.frames[this.place(t, address + i, AccessKind.Read)];
    }
    return out;
  }

  /** Loads text of a process's memory. */
  peekText(t: number, address: number, length: number): string {
    return new TextDecoder().decode(this.peek(t, address, length));
  }

  private place(t: number, address: number, access: number): number {
    const frame = resolve(this.s, this.fx, 0, t, address, access);
    assert.ok(frame > 0, `address ${address} resolves`);
    this.settle();
    return frame * PAGE_BYTES + address % PAGE_BYTES;
  }

  /** Delivers the oldest chunk asked for. */
  deliverChunk(contents: (file: number, offset: number) => number, fileBytes: number): void {
    const [file, chunk] = this.chunks.shift() ?? assert.fail("a chunk was asked for");
    const length = Math.max(0, Math.min(65536, fileBytes - chunk * 65536));
    for (let i = 0; i < length; i++) this.staging[i] = contents(file, chunk * 65536 + i);
    this.e.kind = EventKind.Input;
    this.e.cause = InputKind.Chunk;
    this.e.valueLo = file;
    this.e.valueHi = 0;
    this.e.registers.fill(0);
    this.e.registers[0] = chunk;
    this.e.registers[2] = length;
    chunkArrived(this.s, this.fx, 0, this.e);
    this.settle();
  }

  /** Applies and forgets the effects, as the machine does. */
  settle(): void {
    reclaim(this.s, this.fx);
    if (hasWaking(this.s)) wakeSome(this.s, this.fx, 0);
    const { words, bytes } = this.fx;
    const m = this.frames;
    for (let at = 0; at < this.fx.length; at += 1 + EFFECT_ARITY[words[at]]) {
      const [a, b, c, d, n] = words.subarray(at + 1, at + 6);
      switch (words[at]) {
        case EffectKind.Return:
          this.returned.set(a, c * 2 ** 32 + (b >>> 0));
          break;
        case EffectKind.Zero:
          m.fill(0, a * PAGE_BYTES + b, a * PAGE_BYTES + b + c);
          break;
        case EffectKind.Copy:
          m.copyWithin(c * PAGE_BYTES + d, a * PAGE_BYTES + b, a * PAGE_BYTES + b + n);
          break;
        case EffectKind.Write:
          m.set(bytes.subarray(c, c + d), a * PAGE_BYTES + b);
          break;
        case EffectKind.LoadInput:
          m.set(this.staging.subarray(a, a + d), b * PAGE_BYTES + c);
          break;
        case EffectKind.HostWrite: {
          const from = b * PAGE_BYTES + c;
          this.output[a] += new TextDecoder().decode(m.subarray(from, from + d));
          break;
        }
        case EffectKind.HostPrint:
          this.output[a] += new TextDecoder().decode(bytes.subarray(b, b + c));
          break;
        case EffectKind.RequestChunk:
          this.chunks.push([a, b]);
          break;
        case EffectKind.RequestStream:
          this.streams.push(a);
          break;
      }
    }
    this.fx.clear();
  }

  /** Ends a process: its files, directories and memory. */
  exit(t: number): void {
    const { s, fx } = this;
    const p = s.thread.process[t];
    closeAll(s, fx, 0, p);
    for (const column of [s.process.root, s.process.cwd, s.process.executable]) {
      const inode = column[p];
      column[p] = 0;
      if (inode !== 0) dropInode(s, fx, 0, inode);
    }
    const space = s.process.space[p];
    while (drainSpace(s, fx, space) === 0) this.settle();
    s.process.space[p] = 0;
    releaseSpace(s, space);
    this.settle();
  }

  /** Takes the file system apart and compares the books with those before it was mounted. */
  close(): void {
    while (unmountStep(this.s, this.fx, 0) === 0) this.settle();
    for (let n = 0; n < 100; n++) this.settle();
    const now = this.s.account.balance;
    const names = ["Node", "OpenFile", "Pipe", "PipeBytes", "Inode", "Entry", "NameChunk"];
    for (const name of [...names, "Descriptor", "Object", "ObjectPage"]) {
      const account = ACCOUNTS[`${name}Used`] ?? ACCOUNTS[`${name}Held`];
      assert.equal(now[account], this.baseline[account], name);
    }
    for (const name of ["FrameBuffer", "FrameObject", "FrameAnonymous", "FrameRefUsed"]) {
      assert.equal(now[ACCOUNTS[name]], this.baseline[ACCOUNTS[name]], name);
    }
  }
}

/** Stands for a null pointer among copied-in arguments. */
export const ABSENT: Uint8Array = new Uint8Array(0);

/** -errno-less results by name, for short assertions. */
export const E: Readonly<Record<keyof typeof Err, number>> = Object.fromEntries(
  Object.entries(Err).map(([name, code]) => [name, -code]),
) as Record<keyof typeof Err, number>;

const ACCOUNTS: Readonly<Record<string, number>> = Account;
