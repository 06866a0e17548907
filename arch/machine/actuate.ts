import { EFFECT_ARITY, EffectKind, type Effects } from "../../core/effect.ts";
import { RAM_BASE_PAGE } from "../../core/isa/riscv64.ts";
import type { Cpu } from "./memory/cpu.ts";
import type { HostOutput } from "./host_output.ts";
import {
  HART,
  hartBlock,
  type MachineLayout,
  PAGE_SIZE,
  REGISTER,
  REGISTER_SLOT_BYTES,
  registerSlot,
} from "./memory/layout.ts";
import { type MachineState, ONE } from "./machine_state.ts";
import type { MachineMemory } from "./memory/memory.ts";

const ARITY = EFFECT_ARITY;
// Loaded once: a constant of another module is looked up wherever it is used.
const {
  Charge,
  ClearRegisters,
  Closed,
  Continue,
  Copy,
  CopyRegisterSet,
  CopyRegisters,
  DeviceWrite,
  HostPrint,
  HostWrite,
  InvalidateAll,
  InvalidateAsid,
  InvalidatePage,
  Ipi,
  LoadInput,
  LoadRegisters,
  MapFrame,
  MapPageTable,
  ProgramEnded,
  RequestChunk,
  RequestStream,
  Return,
  SampleFrame,
  SampleRegisters,
  SetRegister,
  SetTimer,
  Switch,
  TerminalFlow,
  Write,
  Zero,
} = EffectKind;
const { asid: HART_ASID, registers: HART_REGISTERS, rootPpn: HART_ROOT_PPN } = HART;
const { pc: REGISTER_PC, sink: REGISTER_SINK } = REGISTER;

const A0 = 10;
const INSTRUCTION_BYTES = 4;
const TWO_32 = 2 ** 32;
/** Bytes above which making a view costs less than copying one by one. */
const VIEW_BYTES = 256;

/** What effects ask of the machine beyond memory, registers and TLBs. */
export interface MachineControl {
  ipi(hart: number): void;
  continueOn(hart: number): void;
  setTimer(hart: number, ns: number): void;
  requestChunk(file: number, chunk: number): void;
  requestStream(stream: number): void;
  deviceWrite(device: number, register: number, value: number): void;
  terminalFlow(open: number): void;
  programEnded(waitStatus: number): void;
  closed(): void;
}

/** Applies the effects of an event to the machine, in emission order. None can fail. */
export class Actuate {
  /** Units of work charged by the effects applied last. */
  units = 0;
  /** Index of the sample effect among the words applied last, -1 for none. */
  sampleAt = -1;
  private readonly u8: Uint8Array;
  private readonly u32: Uint32Array;

  /**
   * @param pageTablesBase linear address of row 0 of the arena's page-table pages
   * @param staging bytes of the demanded input being reduced
   */
  constructor(
    private readonly effects: Effects,
    memory: MachineMemory,
    private readonly layout: MachineLayout,
    private readonly pageTablesBase: number,
    private readonly staging: Uint8Array,
    private readonly state: MachineState,
    private readonly cpu: Cpu,
    private readonly output: HostOutput,
    private readonly control: MachineControl,
  ) {
    this.u8 = memory.u8;
    this.u32 = memory.u32;
  }

  /** Applies everything in the effect buffer. */
  apply(): void {
    const { words, length } = this.effects;
    this.units = 0;
    this.sampleAt = -1;
    for (let at = 0; at < length; at += 1 + ARITY[words[at]]) {
      this.one(words[at], words, at + 1);
    }
  }

  private one(kind: number, w: Int32Array, at: number): void {
    const a = w[at];
    switch (kind) {
      case Switch:
        return this.switchTo(a, w[at + 1], w[at + 2], w[at + 3]);
      case SetRegister:
        return this.setRegister(a, w[at + 1], w[at + 2], w[at + 3]);
      case Return:
        return this.returnValue(a, w[at + 1], w[at + 2]);
      case CopyRegisters:
        return this.copyRegisters(a, w[at + 1]);
      case CopyRegisterSet:
        return this.copyRegisterSet(a, w[at + 1], w[at + 2]);
      case LoadRegisters:
        return this.loadRegisters(a, w[at + 1]);
      case ClearRegisters: {
        const slot = this.slot(a);
        this.cpu.zero(slot, REGISTER_SLOT_BYTES);
        return;
      }
      case Zero:
        return this.zero(a, w[at + 1], w[at + 2]);
      case Copy:
        return this.copy(a, w[at + 1], w[at + 2], w[at + 3], w[at + 4]);
      case Write:
        return this.store(this.effects.bytes, w[at + 2], a, w[at + 1], w[at + 3]);
      case LoadInput:
        return this.store(this.staging, a, w[at + 1], w[at + 2], w[at + 3]);
      case HostWrite:
        return this.output.write(a, this.u8, this.frame(w[at + 1]) + w[at + 2], w[at + 3]);
      case HostPrint:
        return this.output.write(a, this.effects.bytes, w[at + 1], w[at + 2]);
      case SampleFrame:
      case SampleRegisters:
        this.sampleAt = at - 1;
        return;
      case InvalidatePage:
        return this.cpu.invalidatePage(a, w[at + 1] << 12, w[at + 1] >>> 20);
      case InvalidateAsid:
        return this.cpu.invalidateAsid(a);
      case InvalidateAll:
        return this.cpu.invalidateAll();
      case Charge:
        this.units += a;
        return;
      case MapFrame:
        return this.mapFrame(a, w[at + 1]);
      case MapPageTable:
        return this.mapPage(a, this.pageTablesBase / PAGE_SIZE + w[at + 1]);
      default:
        return this.command(kind, w, at);
    }
  }

  private command(kind: number, w: Int32Array, at: number): void {
    const a = w[at];
    switch (kind) {
      case Ipi:
        return this.control.ipi(a);
      case SetTimer:
        return this.control.setTimer(a, (w[at + 2] >>> 0) * TWO_32 + (w[at + 1] >>> 0));
      case Continue:
        return this.control.continueOn(a);
      case RequestChunk:
        return this.control.requestChunk(a, w[at + 1]);
      case RequestStream:
        return this.control.requestStream(a);
      case DeviceWrite:
        return this.control.deviceWrite(a, w[at + 1], w[at + 2]);
      case TerminalFlow:
        return this.control.terminalFlow(a);
      case ProgramEnded:
        return this.control.programEnded(a);
      case Closed:
        return this.control.closed();
      default:
        throw new RangeError(`there is no effect ${kind}`);
    }
  }

  private frame(frame: number): number {
    return this.layout.backingBase + frame * PAGE_SIZE;
  }

  /** Linear address of a thread's register slot, which from now on is in use. */
  private slot(thread: number): number {
    const machine = this.state.machine;
    if (thread > machine.lastThread[ONE]) machine.lastThread[ONE] = thread;
    return registerSlot(this.layout, thread);
  }

  private switchTo(hart: number, thread: number, rootPfn: number, asid: number): void {
    const block = hartBlock(this.layout, hart) >>> 2;
    this.u32[block + HART_REGISTERS / 4] = this.slot(thread);
    this.u32[block + HART_ROOT_PPN / 4] = rootPfn + RAM_BASE_PAGE;
    this.u32[block + HART_ASID / 4] = asid;
    this.state.hartClock.thread[hart + 1] = thread;
  }

  private setRegister(thread: number, register: number, lo: number, hi: number): void {
    const at = (this.slot(thread) >>> 2) + 2 * register;
    this.u32[at] = lo;
    this.u32[at + 1] = hi;
  }

  private returnValue(thread: number, lo: number, hi: number): void {
    this.setRegister(thread, A0, lo, hi);
    const pc = (this.slot(thread) >>> 2) + 2 * REGISTER_PC;
    const next = this.u32[pc] + INSTRUCTION_BYTES;
    this.u32[pc] = next;
    if (next >= TWO_32) this.u32[pc + 1]++;
  }

  private copyRegisters(from: number, to: number): void {
    const source = this.slot(from);
    this.u8.copyWithin(this.slot(to), source, source + REGISTER_SLOT_BYTES);
  }

  private copyRegisterSet(from: number, to: number, mask: number): void {
    const u32 = this.u32;
    const source = this.slot(from) >>> 2;
    const target = this.slot(to) >>> 2;
    for (let left = mask; left !== 0; left &= left - 1) {
      const at = 2 * (31 - Math.clz32(left & -left));
      u32[target + at] = u32[source + at];
      u32[target + at + 1] = u32[source + at + 1];
    }
  }

  private loadRegisters(thread: number, bytesAt: number): void {
    const slot = this.slot(thread);
    const bytes = this.effects.bytes;
    const general = 8 * (REGISTER_SINK - 1);
    for (let i = 0; i < general; i++) this.u8[slot + 8 + i] = bytes[bytesAt + i];
    const pc = slot + 8 * REGISTER_PC;
    for (let i = 0; i < 16; i++) this.u8[pc + i] = bytes[bytesAt + general + i];
  }

  private zero(frame: number, offset: number, length: number): void {
    const at = this.frame(frame) + offset;
    this.cpu.zero(at, length);
    this.cpu.frameWritten(Math.floor(at / PAGE_SIZE));
  }

  private copy(from: number, fromAt: number, to: number, toAt: number, length: number): void {
    const source = this.frame(from) + fromAt;
    const at = this.frame(to) + toAt;
    this.u8.copyWithin(at, source, source + length);
    this.cpu.frameWritten(Math.floor(at / PAGE_SIZE));
  }

  private store(
    bytes: Uint8Array,
    from: number,
    frame: number,
    offset: number,
    length: number,
  ): void {
    const at = this.frame(frame) + offset;
    if (length > VIEW_BYTES) this.u8.set(bytes.subarray(from, from + length), at);
    else for (let i = 0; i < length; i++) this.u8[at + i] = bytes[from + i];
    this.cpu.frameWritten(Math.floor(at / PAGE_SIZE));
  }

  private mapFrame(pfn: number, frame: number): void {
    const machine = this.state.machine;
    if (frame > machine.lastFrame[ONE]) machine.lastFrame[ONE] = frame;
    this.mapPage(pfn, this.layout.backingBase / PAGE_SIZE + frame);
  }

  private mapPage(pfn: number, linearPage: number): void {
    this.u32[this.layout.frameMapBase / 4 + pfn] = linearPage;
  }
}
