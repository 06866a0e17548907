import { EventKind, type RecordedEvent, SampleKind } from "../../core/event.ts";
import { registerSample } from "../../core/isa/signal_frame.ts";
import { CALL_LIMIT } from "../../core/syscall/rows.ts";
import { type CallPlan, makeCallPlans } from "./sense/call_plan.ts";
import { CopyIn } from "./sense/copy_in.ts";
import type { Cpu } from "./memory/cpu.ts";
import {
  HART,
  hartBlock,
  MACHINE_CELL,
  type MachineLayout,
  PAGE_SIZE,
  REGISTER,
  registerSlot,
} from "./memory/layout.ts";
import type { MachineMemory } from "./memory/memory.ts";
import type { MachineState } from "./machine_state.ts";
import { UserReader } from "./sense/user_reader.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Exception, PageFault, Sample, Syscall, SyscallFault } = EventKind;
const { cause: HART_CAUSE, tval: HART_TVAL } = HART;
const { highestTimeRead: CELL_HIGHEST_TIME_READ } = MACHINE_CELL;
const { pc: REGISTER_PC, sink: REGISTER_SINK } = REGISTER;
const { Frame, Registers } = SampleKind;

const TWO_32 = 2 ** 32;
const A0 = 10;
const A7 = 17;
const T3 = 28;
const UNKNOWN_CALL = 0xffff_ffff;
const UNKNOWN_CALL_REGISTERS = 6;
/** `access` of a SyscallFault: copying in only reads. */
const READ = 0;

const Trap = { UserCall: 8, FetchPage: 12, LoadPage: 13, StorePage: 15 } as const;

/** Turns what a hart stopped for into an event, with all that the reducer may look at. */
export class Sense {
  private readonly reader: UserReader;
  private readonly copyIn: CopyIn;
  private readonly plans: readonly (CallPlan | undefined)[] = makeCallPlans();
  private readonly payloadWords: Uint32Array;
  private readonly u32: Uint32Array;
  private readonly u8: Uint8Array;
  private readonly threads: Uint32Array;

  /**
   * @param event the one event object of the machine
   * @param tickNs ns per tick
   */
  constructor(
    private readonly event: RecordedEvent,
    memory: MachineMemory,
    private readonly layout: MachineLayout,
    state: MachineState,
    cpu: Cpu,
    private readonly tickNs: number,
  ) {
    this.reader = new UserReader(memory, cpu);
    this.copyIn = new CopyIn(memory, this.reader);
    this.payloadWords = new Uint32Array(event.payload.buffer, 0, event.payload.length / 4);
    this.u32 = memory.u32;
    this.u8 = memory.u8;
    this.threads = state.hartClock.thread;
  }

  /** Begins an event of a hart: everything empty but kind, hart, cause and the thread's pc. */
  plain(hart: number, kind: number, cause: number): RecordedEvent {
    const e = this.event;
    e.kind = kind;
    e.hart = hart;
    e.cause = cause;
    e.valueLo = 0;
    e.valueHi = 0;
    e.access = 0;
    e.registerCount = 0;
    e.payloadLength = 0;
    e.glanceLength = 0;
    const thread = this.threads[hart + 1];
    const pc = thread === 0 ? -1 : this.slotWord(thread) + 2 * REGISTER_PC;
    e.pcLo = pc < 0 ? 0 : this.u32[pc];
    e.pcHi = pc < 0 ? 0 : this.u32[pc + 1];
    return e;
  }

  /** Begins an event from outside the harts; those are hart 0's and have no pc. */
  outside(kind: number, cause: number): RecordedEvent {
    const e = this.plain(0, kind, cause);
    e.pcLo = 0;
    e.pcHi = 0;
    return e;
  }

  /** The event of a trap that the hart's last run ended with. `clock` is the hart's, in ticks. */
  trap(hart: number, clock: number): void {
    const block = hartBlock(this.layout, hart) >>> 2;
    const cause = this.u32[block + HART_CAUSE / 4];
    if (cause === Trap.UserCall) return this.call(hart, clock);
    const page = cause === Trap.FetchPage || cause === Trap.LoadPage || cause === Trap.StorePage;
    const e = this.plain(hart, page ? PageFault : Exception, cause);
    e.valueLo = this.u32[block + HART_TVAL / 4];
    e.valueHi = this.u32[block + HART_TVAL / 4 + 1];
  }

  /** The reply to a frame sample. */
  sampleFrame(hart: number, frame: number, offset: number, length: number): void {
    const e = this.plain(hart, Sample, Frame);
    e.valueLo = frame;
    const from = this.layout.backingBase + frame * PAGE_SIZE + offset;
    e.payload.set(this.u8.subarray(from, from + length));
    e.payloadLength = length;
  }

  /** The reply to a register sample. */
  sampleRegisters(hart: number, thread: number): void {
    const e = this.plain(hart, Sample, Registers);
    e.valueLo = thread;
    const slot = this.slotWord(thread);
    const out = this.payloadWords;
    // x1 to x31 and f0 to f31 follow one another in the slot too; the sink between is left out.
    const general = 2 * (REGISTER_SINK - 1);
    for (let i = 0; i < general; i++) out[i] = this.u32[slot + 2 + i];
    for (let i = 0; i < 4; i++) out[general + i] = this.u32[slot + 2 * REGISTER_PC + i];
    e.payloadLength = registerSample.bytes;
  }

  private slotWord(thread: number): number {
    return registerSlot(this.layout, thread) >>> 2;
  }

  private call(hart: number, clock: number): void {
    const slot = this.slotWord(this.threads[hart + 1]);
    const numberLo = this.u32[slot + 2 * A7];
    const known = numberLo < CALL_LIMIT && this.u32[slot + 2 * A7 + 1] === 0;
    const call = known ? numberLo : UNKNOWN_CALL;
    const e = this.plain(hart, Syscall, call);
    const plan = known ? this.plans[call] : undefined;
    if (plan === undefined) return this.registers(e, slot, UNKNOWN_CALL_REGISTERS);

    if (plan.copies.length > 0) {
      this.reader.begin(hart);
      const length = this.copyIn.all(plan, slot, e.payload);
      if (length < 0) return this.fault(e);
      e.payloadLength = length;
    }
    this.registers(e, slot, plan.registers);
    if (plan.temporaries > 0) this.temporaries(e, slot, plan.temporaries);
    if (plan.readsClock) this.readClock(e, clock);
    if (plan.glanceAt >= 0) this.glance(e, plan, slot, hart);
  }

  private registers(e: RecordedEvent, slot: number, count: number): void {
    const words = 2 * count;
    for (let i = 0; i < words; i++) e.registers[i] = this.u32[slot + 2 * A0 + i];
    e.registerCount = count;
  }

  private temporaries(e: RecordedEvent, slot: number, count: number): void {
    const at = 2 * e.registerCount;
    for (let i = 0; i < 2 * count; i++) e.registers[at + i] = this.u32[slot + 2 * T3 + i];
    e.registerCount += count;
  }

  private fault(e: RecordedEvent): void {
    e.kind = SyscallFault;
    e.access = READ;
    e.valueLo = this.reader.faultLo;
    e.valueHi = this.reader.faultHi;
  }

  /** A reading of time: no hart ever reads less than another has read before. */
  private readClock(e: RecordedEvent, clock: number): void {
    const cell = CELL_HIGHEST_TIME_READ / 4;
    const highest = this.u32[cell + 1] * TWO_32 + this.u32[cell];
    const ticks = Math.max(clock, highest);
    this.u32[cell] = ticks;
    this.u32[cell + 1] = Math.floor(ticks / TWO_32);
    const ns = ticks * this.tickNs;
    e.valueLo = ns >>> 0;
    e.valueHi = Math.floor(ns / TWO_32) >>> 0;
  }

  private glance(e: RecordedEvent, plan: CallPlan, slot: number, hart: number): void {
    const at = slot + 2 * (A0 + plan.glanceAt);
    const length = slot + 2 * (A0 + plan.glanceLength);
    const most = e.glance.length;
    const count = this.u32[length + 1] !== 0 ? most : Math.min(most, this.u32[length]);
    if (count === 0) return;
    this.reader.begin(hart);
    const address = this.reader.address(this.u32[at], this.u32[at + 1]);
    if (address < 0 || !this.reader.copy(address, count, e.glance, 0)) return;
    e.glanceLength = count;
  }
}
