import { lookupFile } from "../../core/cap/descriptor.ts";
import {
  ArgumentLength,
  type Event,
  EventKind,
  InputKind,
  PAYLOAD_LIMIT,
} from "../../core/event.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { PAGE_BYTES } from "../../core/limits.ts";
import { STACK_TOP } from "../../core/proc/exec.ts";
import { ThreadState } from "../../core/sched/tables.ts";
import type { ArgumentKind, SyscallRow } from "../../core/syscall/row.ts";
import { syscallRows } from "../../core/syscall/rows.ts";
import type { Random } from "../kernel/random.ts";
import { CallBytes } from "./call_bytes.ts";
import { CallValues } from "./call_values.ts";
import { playEvent, type TapedEvent, tapeEvent } from "./event_tape.ts";
import { NullMachine, setHead } from "./null_machine.ts";

const rows: readonly SyscallRow[] = syscallRows;

/** Calls that end their process: as often as others, and no life would get anywhere. */
const ENDING: ReadonlySet<string> = new Set(["exit", "exit_group", "leave", "rt_sigreturn"]);
/**
 * Calls that may end the first process, take its handlers or memory away, or keep it for ever: with it
 * a life ends, so it makes them rarely. Its children make them all.
 */
const RISKY: ReadonlySet<string> = new Set([
  ...["exit", "exit_group", "leave", "rt_sigreturn", "execve", "kill", "tkill", "tgkill"],
  ...["rt_sigaction", "rt_sigprocmask", "setitimer", "munmap", "mmap", "mprotect", "mremap", "brk"],
  ...["read", "readv", "sendfile", "rt_sigsuspend", "rt_sigtimedwait", "ppoll", "pselect6"],
  ...["openat", "wait4", "nanosleep", "clock_nanosleep", "madvise", "pread64", "rest", "write"],
]);
/** Calls that more of a life hangs on than on most. */
const FERTILE: readonly SyscallRow[] = rows.filter((row) =>
  ["clone", "openat", "pipe2", "mmap", "execve", "wait4", "read", "write", "kill", "dup"]
    .includes(row.name)
);
/** Calls that wait while another works on their file. */
const ANSWERS = rows.filter((row) => /^msg_(reply|error|read|info)/.test(row.name));
const RECEIVES = rows.filter((row) => /^msg_receive/.test(row.name));
const SENDS = rows.filter((row) => /^msg_send/.test(row.name));
const ON_FILES: readonly SyscallRow[] = rows.filter((row) =>
  ["read", "write", "readv", "writev", "pread64", "pwrite64", "ftruncate"].includes(row.name)
);
/** Descriptors of a process that are looked at, from the first. */
const MOST_DESCRIPTORS = 16;
/** Flags of clone for a fork. */
const FORK = 17;
/** A fault of a fetch, a load, a store. */
const FAULTS: readonly number[] = [13, 15, 15, 12];

/**
 * Makes the next event of a closed system: calls by the table, with arguments of their kind, and
 * whatever the machine owes the kernel (samples, IPIs, steps, timers, inputs), in an order drawn from
 * the random generator. It looks at nothing but the state.
 */
export class CallFuzzer {
  readonly #machine: NullMachine;
  readonly #values: CallValues;
  readonly #bytes: CallBytes;
  /** The call each thread has in progress: one that runs again is the same again. */
  readonly #again: Map<number, TapedEvent> = new Map();
  readonly #ready: number[] = [];

  constructor(private readonly random: Random) {
    this.#machine = new NullMachine(random);
    this.#values = new CallValues(random);
    this.#bytes = new CallBytes(random, this.#values);
  }

  /** To be told of every event the kernel has handled, after it. */
  handled(e: Event, s: State, thread: number): void {
    if (e.kind !== EventKind.Syscall) return;
    if (s.thread.call[thread] === e.cause + 1) this.#again.set(thread, tapeEvent(e, s));
    else this.#again.delete(thread);
  }

  /** Fills the next event; false when nothing can happen any more. */
  fill(e: Event, s: State): boolean {
    const r = this.random;
    const machine = this.#machine;
    if (machine.sample(e, s)) {
      // One in a few is no reply a machine would give; the right one comes after it.
      if (r.oneIn(4)) e.payloadLength = r.pick([0, 8, 519, 521, PAGE_BYTES]);
      return true;
    }
    const harts = this.#runnable(s);
    const draw = r.below(100);
    if (draw < 45 && machine.due(e, s)) return true;
    if (draw < 52 && machine.timer(e, s, r.oneIn(20))) return true;
    if (draw < 62 && machine.input(e, s)) return true;
    if (draw === 62) return this.#typed(e, s);
    if (harts.length > 0) {
      this.#guest(e, s, r.pick(harts));
      return true;
    }
    return machine.due(e, s) || machine.input(e, s) || machine.timer(e, s, true) ||
      (r.oneIn(4) ? false : this.#typed(e, s));
  }

  /** Harts whose thread runs guest code. */
  #runnable(s: State): readonly number[] {
    const harts = this.#ready;
    harts.length = 0;
    if (s.kernel.shutdown[ONE] !== 0) return harts;
    for (let hart = 0; hart < s.kernel.harts[ONE]; hart++) {
      const row = hart + 1;
      const thread = s.hart.current[row];
      if (thread === 0 || s.thread.state[thread] !== ThreadState.Running) continue;
      if (s.hart.operation[row] !== 0) continue;
      // Interrupts and steps come before guest instructions, but for a rare one.
      const busy = s.hart.ipiPending[row] !== 0 || s.hart.continuePending[row] !== 0;
      if (!busy || this.random.oneIn(25)) harts.push(hart);
    }
    return harts;
  }

  /** Something nobody asked for: typed at the terminal, or its size. */
  #typed(e: Event, s: State): boolean {
    const r = this.random;
    setHead(e, s, EventKind.Input, 0, this.#machine.time(s, 0));
    if (r.oneIn(4)) {
      setHead(e, s, EventKind.External, 0, e.time);
      e.valueLo = r.pick([1, 2, 3, 4, 95]);
      return true;
    }
    if (s.kernel.runMode[ONE] === 0) {
      setHead(e, s, EventKind.External, 0, e.time);
      e.valueLo = 10;
      e.payload[0] = r.oneIn(5) ? r.bits() : 4;
      e.payload[1] = r.oneIn(5) ? r.bits() : 1;
      e.payloadLength = 2 + this.#keys(e, 2);
      return true;
    }
    if (r.oneIn(6)) {
      e.cause = InputKind.WindowSize;
      e.registerCount = 6;
      e.registers[0] = r.below(300);
      e.registers[2] = r.below(100);
    } else {
      e.cause = InputKind.Terminal;
      e.registerCount = 3;
      e.valueLo = r.oneIn(8) ? r.below(4) : 1;
      e.payloadLength = r.oneIn(40) ? 0 : this.#keys(e, 0);
    }
    return true;
  }

  #keys(e: Event, at: number): number {
    const r = this.random;
    const length = r.oneIn(20) ? r.below(5000) : 1 + r.below(12);
    const keys = [3, 4, 10, 10, 13, 21, 23, 26, 28, 127, 22, 0, 255];
    for (let i = 0; i < length; i++) {
      e.payload[at + i] = r.oneIn(5) ? r.pick(keys) : 97 + r.below(26);
    }
    return length;
  }

  #guest(e: Event, s: State, hart: number): void {
    const r = this.random;
    const thread = s.hart.current[hart + 1];
    const p = s.thread.process[thread];
    const time = this.#machine.time(s, hart);
    const again = s.thread.call[thread] === 0 ? undefined : this.#again.get(thread);
    if (again !== undefined && again.cause + 1 === s.thread.call[thread] && !r.oneIn(60)) {
      playEvent(again, e);
      [e.hart, e.time] = [hart, time];
      e.sequence = s.hart.lastSequence[hart + 1];
      e.order = s.kernel.lastOrder[ONE];
      return;
    }
    setHead(e, s, EventKind.Syscall, hart, time);
    const isInit = p === s.kernel.init[ONE];
    const draw = r.below(100);
    if (draw < 12) return this.#fault(e, s, p, isInit);
    if (draw === 12 && (!isInit || r.oneIn(50))) {
      e.kind = EventKind.Exception;
      e.cause = r.pick([2, 3, 4, 5, 6, 7, 0, 1, 9]);
      return this.#setValue(e, this.#values.address(s, p));
    }
    let row = r.oneIn(4) ? r.pick(FERTILE) : r.pick(rows);
    if (isInit) { while (RISKY.has(row.name) && !r.oneIn(60)) row = r.pick(rows); }
    else if (ENDING.has(row.name) && !r.oneIn(3)) row = r.pick(FERTILE);
    // Messages go to and fro only while those who can send and answer do.
    if (this.#values.owes(s, p) && r.oneIn(2)) row = r.pick(ANSWERS);
    else if (this.#values.awaited(s, p) && r.oneIn(2)) row = r.pick(RECEIVES);
    else if (s.process.firstConnection[p] !== 0 && r.oneIn(8)) row = r.pick(SENDS);
    // Long operations take few events: another call on their file must be made to meet one.
    const busy = this.#busyDescriptor(s, p, hart);
    if (busy >= 0 && r.oneIn(2)) row = r.pick(ON_FILES);
    this.#call(e, s, p, row);
    if (busy >= 0 && ON_FILES.includes(row)) [e.registers[0], e.registers[1]] = [busy, 0];
    // A vfork waits for its child, which may wait for ever.
    if (isInit && row.name === "clone" && !r.oneIn(10)) e.registers[0] = FORK;
    if (r.oneIn(40)) {
      e.kind = EventKind.SyscallFault;
      e.payloadLength = 0;
      e.registerCount = 0;
      e.access = r.below(3);
      this.#setValue(e, this.#values.address(s, p));
    } else if (r.oneIn(300)) e.cause = r.pick([0, 500, 1023, 1024, 0xffff_ffff]);
  }

  /** A descriptor of p whose file a thread of another hart works on; -1 when there is none. */
  #busyDescriptor(s: State, p: number, hart: number): number {
    for (let other = 0; other < s.kernel.harts[ONE]; other++) {
      if (other === hart || s.hart.operation[other + 1] === 0) continue;
      const worker = s.hart.current[other + 1];
      for (let fd = 0; fd < MOST_DESCRIPTORS; fd++) {
        const file = lookupFile(s, p, fd, 0);
        if (file > 0 && s.inode.operation[s.openFile.inode[file]] === worker) return fd;
      }
    }
    return -1;
  }

  #setValue(e: Event, value: number): void {
    [e.valueLo, e.valueHi] = CallValues.split(value);
  }

  #fault(e: Event, s: State, p: number, isInit: boolean): void {
    const r = this.random;
    e.kind = EventKind.PageFault;
    e.cause = r.pick(FAULTS);
    const careful = isInit && !r.oneIn(200);
    if (careful) e.cause = r.pick([13, 15]);
    const stack = STACK_TOP - 1 - r.below(r.oneIn(10) ? 2 ** 23 : 16 * PAGE_BYTES);
    this.#setValue(e, careful || r.oneIn(3) ? stack : this.#values.address(s, p));
  }

  #call(e: Event, s: State, p: number, row: SyscallRow): void {
    e.kind = EventKind.Syscall;
    e.cause = row.number;
    let register = 0;
    for (const { name, how } of row.args) {
      if (how.kind === "frame") continue;
      const value = how.kind === "address"
        ? this.#values.address(s, p)
        : this.#values.value(s, p, row.name, name);
      [e.registers[2 * register], e.registers[2 * register + 1]] = CallValues.split(value);
      register++;
    }
    e.registerCount = register;
    let at = 0;
    row.args.forEach(({ name, how }) => {
      if (how.kind === "value" || how.kind === "address") return;
      at = this.#copyIn(e, s, p, row.name, name, how, at);
    });
    e.payloadLength = at;
  }

  /** Appends a copied-in argument; returns where it ends. */
  #copyIn(
    e: Event,
    s: State,
    p: number,
    call: string,
    name: string,
    how: ArgumentKind,
    at: number,
  ): number {
    const r = this.random;
    const odd = r.oneIn(how.kind === "path" || how.kind === "frame" ? 60 : 12);
    if (odd || (call === "pselect6" && r.oneIn(2))) {
      return this.#word(e, at, r.oneIn(3) ? ArgumentLength.TooLong : ArgumentLength.Absent);
    }
    if (how.kind === "path") return this.#append(e, at, this.#values.path(call));
    if (how.kind === "strings") return this.#strings(e, at);
    let length = 0;
    if (how.kind === "in" || how.kind === "inIndirect" || how.kind === "frame") length = how.bytes;
    else if (how.kind === "inSelected") {
      const bytes = how.bytes[e.int(how.selector)];
      if (bytes === undefined) return this.#word(e, at, ArgumentLength.Absent);
      length = bytes;
    } else if (how.kind === "inArray") {
      const most = Math.min(how.most, r.oneIn(50) ? 1024 : 8);
      if (!(e.argument(how.count) <= most)) {
        e.registers[2 * how.count] = r.below(most + 1);
        e.registers[2 * how.count + 1] = 0;
      }
      length = how.element * Math.ceil(e.argument(how.count) / how.per);
    }
    this.#bytes.fill(s, p, call, name, length);
    return this.#append(e, at, this.#bytes.bytes.subarray(0, length));
  }

  #strings(e: Event, at: number): number {
    const r = this.random;
    const count = r.oneIn(40) ? r.below(600) : r.below(4);
    const bytes = this.#bytes.bytes;
    let end = 4;
    for (let n = 0; n < count; n++) {
      const length = r.oneIn(30) ? r.below(40) : r.below(6);
      for (let i = 0; i < length; i++) bytes[end++] = 97 + i % 26;
      bytes[end++] = 0;
    }
    const told = r.oneIn(20) ? r.below(6) : count;
    for (let i = 0; i < 4; i++) bytes[i] = told >>> (8 * i);
    return this.#append(e, at, bytes.subarray(0, end));
  }

  #word(e: Event, at: number, value: number): number {
    for (let i = 0; i < 4; i++) e.payload[at + i] = value >>> (8 * i);
    return at + 4;
  }

  #append(e: Event, at: number, bytes: Uint8Array): number {
    const end = at + 4 + ((bytes.length + 3) & ~3);
    if (end > PAYLOAD_LIMIT) return this.#word(e, at, ArgumentLength.TooLong);
    this.#word(e, at, bytes.length);
    e.payload.fill(0, end - 4, end);
    e.payload.set(bytes, at + 4);
    return end;
  }
}
