import { robustSampleBytes } from "../../core/sched/futex_robust.ts";
import { OperationKind } from "../../core/sched/operation.ts";
import { encodeBoot } from "../../core/boot.ts";
import {
  ArgumentLength,
  type Event,
  EventKind,
  InputKind,
  PAYLOAD_LIMIT,
  REGISTER_LIMIT,
  SampleKind,
} from "../../core/event.ts";
import { ONE, type State } from "../../core/kernel.ts";
import type { SyscallRow } from "../../core/syscall/row.ts";
import { syscallRows } from "../../core/syscall/rows.ts";
import type { Random } from "../kernel/random.ts";

const rows: readonly SyscallRow[] = syscallRows;
/** exit, exit_group, rt_sigreturn: too often they would end every process. */
const ENDING: ReadonlySet<number> = new Set([93, 94, 139]);
const LENGTHS: readonly number[] = [0, 1, 4, 8, 12, 16, 36, 128, 520, 1092, 4096, 65536];
const WORDS: readonly number[] = [0, 1, 2, 3, 7, 0x1000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** What a field of a record that somebody else made may hold. */
const NUMBERS: readonly number[] = [
  ...[NaN, Infinity, -Infinity, -1, -0, 0.5, 2.5, 8, 9, 64, 255, 256, 1023, 1024, 1025, 65_535],
  ...[
    65_536,
    65_537,
    2 ** 31,
    2 ** 32 - 2,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    2 ** 60,
    1e308,
    -(2 ** 31),
  ],
];
const FIELDS = [
  ...["kind", "hart", "sequence", "order", "time", "pcLo", "pcHi", "cause", "valueLo", "valueHi"],
  ...["access", "registerCount", "payloadLength"],
] as readonly (
  | ("kind" | "hart" | "sequence" | "order" | "time" | "pcLo" | "pcHi" | "cause" | "valueLo")
  | ("valueHi" | "access" | "registerCount" | "payloadLength")
)[];

/** Makes events that nothing but their shape in memory holds together. */
export class EventFuzzer {
  constructor(private readonly random: Random) {}

  /** Fills an event; what it looks at in the state is only what makes an event less easy to refuse. */
  fill(e: Event, s: State): void {
    const r = this.random;
    if (r.oneIn(12)) return this.#raw(e, s);
    const sampling = s.kernel.sampling[ONE];
    e.kind = sampling !== 0 && !r.oneIn(10) ? EventKind.Sample : this.#kind();
    if (sampling === 0 && r.oneIn(3)) e.kind = this.#awaited(s, e.kind);
    if (s.kernel.harts[ONE] === 0 && r.oneIn(8)) e.kind = EventKind.Boot;
    e.hart = r.oneIn(40) ? r.pick(WORDS) : this.#hart(s, e.kind);
    if (e.kind === EventKind.Sample && sampling !== 0 && !r.oneIn(10)) e.hart = sampling - 1;
    e.sequence = r.oneIn(20) ? r.bits() : s.hart.lastSequence[(e.hart + 1) % s.hart.$capacity];
    e.order = r.oneIn(20) ? r.bits() : s.kernel.lastOrder[ONE];
    e.time = this.#time(s, e.hart);
    e.pcLo = r.bits();
    e.pcHi = r.oneIn(4) ? r.bits() : 0;
    e.cause = r.oneIn(10) ? r.bits() : r.below(16);
    this.#address(s, e);
    e.access = r.oneIn(20) ? r.bits() : r.below(3);
    e.registerCount = r.below(REGISTER_LIMIT + 1);
    for (let i = 0; i < REGISTER_LIMIT; i++) this.#register(s, e, i);
    e.payloadLength = 0;
    this.#shape(s, e);
    if (r.oneIn(100)) e.payloadLength = r.below(PAYLOAD_LIMIT + 1);
  }

  /** Bits over the whole record, or a plausible event of which single fields are no such number. */
  #raw(e: Event, s: State): void {
    const r = this.random;
    if (r.oneIn(2)) this.#bits(e);
    else this.fill(e, s);
    for (let n = r.below(4); n > 0; n--) e[r.pick(FIELDS)] = r.pick(NUMBERS);
  }

  /** Random bits as the record could hold them in a journal. */
  #bits(e: Event): void {
    const r = this.random;
    for (const field of FIELDS) e[field] = r.bits();
    e.kind = r.oneIn(3) ? r.bits() & 0xff : r.below(14);
    if (!r.oneIn(4)) e.hart = r.below(4);
    if (!r.oneIn(3)) e.time = r.bits() * 10;
    e.registerCount = r.below(256);
    e.payloadLength = r.oneIn(4) ? r.below(PAYLOAD_LIMIT + 1) : r.below(200);
    for (let i = 0; i < 2 * REGISTER_LIMIT; i++) e.registers[i] = r.bits();
    this.#bytes(e, 0, Math.min(e.payloadLength, 200));
  }

  #kind(): number {
    const r = this.random;
    const draw = r.below(100);
    if (draw < 55) return EventKind.Syscall;
    if (draw < 60) return EventKind.SyscallFault;
    if (draw < 66) return EventKind.PageFault;
    if (draw < 67) return EventKind.Exception;
    if (draw < 75) return EventKind.Timer;
    if (draw < 80) return EventKind.Continue;
    if (draw < 85) return EventKind.Ipi;
    if (draw < 89) return EventKind.Sample;
    if (draw < 96) return EventKind.Input;
    if (draw < 98) return EventKind.External;
    return r.oneIn(3) ? r.bits() & 0xff : r.below(14);
  }

  /** A hart, preferably one on which such an event can happen. */
  #hart(s: State, kind: number): number {
    const harts = Math.max(1, s.kernel.harts[ONE]);
    let hart = this.random.below(harts);
    const trap = kind >= EventKind.Syscall && kind <= EventKind.Exception;
    for (let n = 0; trap && n < harts && s.hart.current[hart + 1] === 0; n++) {
      hart = (hart + 1) % harts;
    }
    return hart;
  }

  #time(s: State, hart: number): number {
    const r = this.random;
    const last = s.hart.lastTime[(hart + 1) % s.hart.$capacity];
    if (!r.oneIn(30)) return last + 10 * r.below(r.oneIn(10) ? 1_000_000 : 1000);
    return r.pick([NaN, -1, 0, last - 10, 0.5, 2 ** 60, Infinity, -Infinity]);
  }

  #address(s: State, e: Event): void {
    const r = this.random;
    e.valueHi = 0;
    e.valueLo = r.bits();
    const draw = r.below(8);
    if (draw === 0) e.valueHi = r.pick(WORDS);
    else if (draw < 3) e.valueLo = r.below(4);
    else if (draw < 7) this.#mapped(s, (lo, hi) => [e.valueLo, e.valueHi] = [lo, hi]);
  }

  /** An address in or beside some region. */
  #mapped(s: State, put: (lo: number, hi: number) => void): void {
    const r = this.random;
    const region = 1 + r.below(Math.max(1, s.region.$header[0]));
    const edge = r.oneIn(3) ? s.region.end[region] : s.region.start[region];
    const page = Math.max(0, edge + r.below(5) - 2);
    const address = page * 4096 + r.pick([0, 1, 8, 2048, 4088, 4095]);
    put(address >>> 0, Math.floor(address / 2 ** 32));
  }

  #register(s: State, e: Event, i: number): void {
    const r = this.random;
    e.registers[2 * i + 1] = 0;
    const draw = r.below(10);
    if (draw < 4) e.registers[2 * i] = r.below(12);
    else if (draw < 7) {
      this.#mapped(s, (lo, hi) => {
        e.registers[2 * i] = lo;
        e.registers[2 * i + 1] = hi;
      });
    } else if (draw === 7) e.registers[2 * i] = 2 ** r.below(32);
    else if (draw === 8) e.registers[2 * i] = r.pick(WORDS);
    else {
      e.registers[2 * i] = r.bits();
      e.registers[2 * i + 1] = r.pick(WORDS);
    }
  }

  /** What an event of its kind usually has. */
  #shape(s: State, e: Event): void {
    const r = this.random;
    if (e.kind === EventKind.Syscall || e.kind === EventKind.SyscallFault) {
      const row = r.pick(rows);
      if (!r.oneIn(20)) e.cause = ENDING.has(row.number) && !r.oneIn(50) ? 172 : row.number;
      if (e.kind === EventKind.Syscall) this.#arguments(e, row);
    } else if (e.kind === EventKind.Sample) {
      const thread = s.hart.current[(e.hart + 1) % s.hart.$capacity];
      e.cause = s.thread.sampled[thread] === 1 ? SampleKind.Registers : SampleKind.Frame;
      if (r.oneIn(10)) e.cause = r.bits();
      const robust = s.thread.operation[thread] === OperationKind.RobustList;
      const frame = robust ? robustSampleBytes(s, thread) : 4096;
      e.payloadLength = r.oneIn(5) ? r.pick(LENGTHS) : e.cause === SampleKind.Frame ? frame : 520;
      this.#bytes(e, 0, e.payloadLength);
    } else if (e.kind === EventKind.Input) {
      if (!r.oneIn(20)) e.cause = r.below(9);
      e.payloadLength = r.oneIn(4) ? r.pick(LENGTHS) : 32;
      this.#bytes(e, 0, e.payloadLength);
      if (e.cause === InputKind.Start) this.#strings(e);
      if (e.cause === InputKind.Tree) this.#tree(e);
    } else if (e.kind === EventKind.Boot && r.oneIn(2)) {
      const [totalFrames, backingSlots] = [r.pick([64, 100, 3000]), r.pick([64, 200, 900, 1e6])];
      e.payloadLength = encodeBoot({
        ...{ harts: r.below(6), totalFrames, backingSlots, runMode: r.below(3) },
        ...{ streamKinds: r.below(9), columns: 80, rows: 24, startTime: r.bits() },
      }, e.payload);
    } else if (e.kind === EventKind.External || e.kind === EventKind.Boot) {
      e.payloadLength = r.pick(LENGTHS);
      this.#bytes(e, 0, e.payloadLength);
    } else if (e.kind === EventKind.Shutdown && !r.oneIn(200)) e.kind = EventKind.Timer;
    if (e.kind === EventKind.Continue || e.kind === EventKind.Ipi) this.#expected(s, e);
  }

  /** The kind of an event that some hart waits for, or the given one. */
  #awaited(s: State, kind: number): number {
    for (let row = 1; row <= s.kernel.harts[ONE]; row++) {
      if (s.hart.continuePending[row] === 1) return EventKind.Continue;
      if (s.hart.ipiPending[row] === 1) return EventKind.Ipi;
    }
    return kind;
  }

  /** A hart that waits for such an event, if there is one. */
  #expected(s: State, e: Event): void {
    const flags = e.kind === EventKind.Ipi ? s.hart.ipiPending : s.hart.continuePending;
    for (let hart = 0; hart < s.kernel.harts[ONE]; hart++) {
      if (flags[hart + 1] === 0) continue;
      e.hart = hart;
      e.sequence = s.hart.lastSequence[hart + 1];
      e.time = s.hart.lastTime[hart + 1] + 10;
    }
  }

  /** Copied-in arguments: as the row has them, or not. */
  #arguments(e: Event, row: SyscallRow): void {
    const r = this.random;
    let at = 0;
    for (const { how } of row.args) {
      let length = -1;
      if (how.kind === "in" || how.kind === "inIndirect" || how.kind === "frame") {
        length = how.bytes;
      } else if (how.kind === "path") length = r.below(24);
      else if (how.kind === "strings") length = 4 + r.below(64);
      else if (how.kind === "inArray") length = how.element * r.below(Math.min(how.most, 20) + 1);
      else if (how.kind === "inSelected") {
        const selectors = Object.keys(how.bytes);
        const selector = Number(r.pick(selectors));
        e.registers[2 * how.selector] = selector;
        e.registers[2 * how.selector + 1] = 0;
        length = r.oneIn(6) ? r.pick(LENGTHS) : how.bytes[selector];
      }
      if (length < 0) continue;
      if (r.oneIn(25)) length = r.pick([...LENGTHS, ArgumentLength.Absent, ArgumentLength.TooLong]);
      if (how.kind === "inArray" && !r.oneIn(10)) {
        e.registers[2 * how.count] = Math.floor(length / how.element) * how.per;
        e.registers[2 * how.count + 1] = 0;
      }
      at = this.#argument(e, at, length, how.kind === "path");
      if (how.kind === "strings" && !r.oneIn(10)) this.#wellFormed(e, at, length);
    }
    e.payloadLength = at;
    if (r.oneIn(15)) e.payloadLength = r.below(at + 8);
    if (!r.oneIn(20)) e.registerCount = row.args.filter(({ how }) => how.kind !== "frame").length;
  }

  /** Makes the count of the string vector that ends at `end` right. */
  #wellFormed(e: Event, end: number, length: number): void {
    const begin = end - ((length + 3) & ~3);
    if (length > 65536 || begin < 0 || length < 5) return;
    e.payload[begin + length - 1] = 0;
    let count = 0;
    for (let i = begin + 4; i < begin + length; i++) if (e.payload[i] === 0) count++;
    this.#u32(e, begin, count);
  }

  #argument(e: Event, at: number, length: number, isPath: boolean): number {
    if (at + 4 > PAYLOAD_LIMIT) return at;
    this.#u32(e, at, length);
    if (length > PAYLOAD_LIMIT) return at + 4;
    const end = Math.min(PAYLOAD_LIMIT, at + 4 + ((length + 3) & ~3));
    this.#bytes(e, at + 4, end);
    if (isPath) {
      for (let i = at + 4; i < end; i++) e.payload[i] = "/.abt"[e.payload[i] % 5].charCodeAt(0);
    }
    return end;
  }

  #strings(e: Event): void {
    let at = this.#argument(e, 0, this.random.below(20), true);
    for (let i = 0; i < 2; i++) {
      const length = 4 + this.random.below(this.random.oneIn(5) ? 60000 : 50);
      at = this.#argument(e, at, length, false);
      if (!this.random.oneIn(3)) this.#wellFormed(e, at, length);
    }
    e.payloadLength = at;
  }

  #tree(e: Event): void {
    const r = this.random;
    for (let i = 0; i < e.payloadLength; i++) if (r.oneIn(2)) e.payload[i] = r.below(8);
  }

  #bytes(e: Event, from: number, to: number): void {
    const r = this.random;
    const style = r.below(3);
    for (let i = from; i < to && i < PAYLOAD_LIMIT; i++) {
      e.payload[i] = style === 0 ? 0 : style === 1 ? r.below(4) : r.bits();
    }
  }

  #u32(e: Event, at: number, value: number): void {
    for (let i = 0; i < 4; i++) e.payload[at + i] = value >>> (8 * i);
  }
}
