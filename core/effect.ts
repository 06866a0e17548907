import { assert } from "./assert.ts";

/** Commands to the hardware. None can fail; they apply in emission order. */
export const EffectKind = {
  /** hart, thread (0 = idle), root pfn, asid: what the hart runs next. */
  Switch: 1,
  /** thread, register slot, lo, hi: writes one register slot (65 = pc). */
  SetRegister: 2,
  /** thread, lo, hi: a0 = value and pc += 4. */
  Return: 3,
  /** from thread, to thread: copies the whole register slot. */
  CopyRegisters: 4,
  /** thread, bytes offset: x1..x31, f0..f31, pc, fcsr as 65 u64 in the byte buffer. */
  LoadRegisters: 5,
  /** thread: all registers zero (exec). */
  ClearRegisters: 6,
  /** frame, offset, length: zeroes. */
  Zero: 7,
  /** source frame, offset, destination frame, offset, length: within one page on either side. */
  Copy: 8,
  /** frame, offset, bytes offset, length: immediate bytes. */
  Write: 9,
  /** staging offset, frame, offset, length: bytes of the input event being reduced. */
  LoadInput: 10,
  /** stream, frame, offset, length: frame bytes to a host stream. */
  HostWrite: 11,
  /** stream, bytes offset, length: immediate bytes to a host stream. */
  HostPrint: 12,
  /** frame, offset, length: the reply is the next event. */
  SampleFrame: 13,
  /** thread: the reply is the next event, 65 u64 as in LoadRegisters. */
  SampleRegisters: 14,
  /** asid, page number: one translation changed or went. */
  InvalidatePage: 15,
  /** asid: all translations of a space went. */
  InvalidateAsid: 16,
  /** All translations went. */
  InvalidateAll: 17,
  /** hart: raises its software interrupt. */
  Ipi: 18,
  /** hart, time lo, time hi: the hart's timer compare, ns; 0 turns it off. */
  SetTimer: 19,
  /** hart: a Continue event before its next guest instruction. */
  Continue: 20,
  /** host file id, chunk: asks for 64 KiB of a host file. */
  RequestChunk: 21,
  /** stream: asks for the next block of a host stream. */
  RequestStream: 22,
  /** units: charged to the event's hart beside the base of its kind. */
  Charge: 23,
  /** pfn, backing slot: the frame's bytes are in the backing pool. */
  MapFrame: 24,
  /** pfn, page table row: the frame's bytes are in the arena. */
  MapPageTable: 25,
  /** device, register, value: writes a device register. */
  DeviceWrite: 26,
  /** wait status of process 1. */
  ProgramEnded: 27,
  /** The books are closed; the journal's last event. */
  Closed: 28,
  /** 1 or 0: whether the host terminal's input may come in. */
  TerminalFlow: 29,
  /** from thread, to thread, mask: copies the registers x0 to x31 whose bits are set. */
  CopyRegisterSet: 30,
} as const;

/** Device number of the interrupt controller: its register is a source, its value 0 masks that. */
export const INTERRUPT_CONTROLLER = 0;

/** Arguments of each effect kind; the decoder of the effect stream. */
export const EFFECT_ARITY: readonly number[] = [
  0,
  4,
  4,
  3,
  2,
  2,
  1,
  3,
  5,
  4,
  4,
  4,
  3,
  3,
  1,
  2,
  1,
  0,
  1,
  3,
  1,
  2,
  1,
  1,
  2,
  2,
  3,
  1,
  0,
  1,
  3,
];

// Loaded once: what a module gives away is looked up wherever it is used.
const { CopyRegisterSet, Return, SetRegister, SetTimer, Switch } = EffectKind;
const ARITY = EFFECT_ARITY;

const WORDS = 1 << 16;
const BYTES = 1 << 18;

/** The effects of one event: a word stream [kind, arguments…]* and a buffer of immediate bytes. */
export class Effects {
  readonly words: Int32Array = new Int32Array(WORDS);
  length = 0;
  readonly bytes: Uint8Array = new Uint8Array(BYTES);
  bytesLength = 0;
  /** 1 once a sample was asked for; an event may ask for one. */
  sampled = 0;
  /** Threads woken so far by wake-ups of whole queues. */
  woken = 0;

  /** Empties both buffers. */
  clear(): void {
    this.length = 0;
    this.bytesLength = 0;
    this.sampled = 0;
    this.woken = 0;
  }

  private put(kind: number, a: number, b: number, c: number, d: number, e: number): void {
    const w = this.words;
    const n = this.length;
    assert(n + 6 <= WORDS, "the effects of one event fit their buffer");
    w[n] = kind;
    w[n + 1] = a;
    w[n + 2] = b;
    w[n + 3] = c;
    w[n + 4] = d;
    w[n + 5] = e;
    this.length = n + 1 + ARITY[kind];
  }

  /**
   * Reserves immediate bytes.
   *
   * @returns their offset in `bytes`
   */
  reserveBytes(count: number): number {
    const at = this.bytesLength;
    assert(at + count <= BYTES, "the immediate bytes of one event fit their buffer");
    this.bytesLength = at + count;
    return at;
  }

  /** Appends a copy of bytes; returns their offset. */
  putBytes(source: Uint8Array, from: number, count: number): number {
    const at = this.reserveBytes(count);
    for (let i = 0; i < count; i++) this.bytes[at + i] = source[from + i];
    return at;
  }

  /** Stores a little-endian u32 into reserved bytes. */
  setU32(at: number, value: number): void {
    const b = this.bytes;
    b[at] = value;
    b[at + 1] = value >>> 8;
    b[at + 2] = value >>> 16;
    b[at + 3] = value >>> 24;
  }

  /** Stores a whole number below 2^53 (or a negative one above -2^53) as a little-endian i64. */
  setU64(at: number, value: number): void {
    this.setU32(at, value >>> 0);
    this.setU32(at + 4, Math.floor(value / 0x1_0000_0000) >>> 0);
  }

  switchTo(hart: number, thread: number, rootPfn: number, asid: number): void {
    this.put(Switch, hart, thread, rootPfn, asid, 0);
  }
  /** Writes a whole number below 2^53. */
  setRegister(thread: number, slot: number, value: number): void {
    this.setRegisterWords(thread, slot, value >>> 0, Math.floor(value / 0x1_0000_0000) >>> 0);
  }
  /** Writes any 64-bit value, given as its halves: what a program chose need be no address. */
  setRegisterWords(thread: number, slot: number, lo: number, hi: number): void {
    this.put(SetRegister, thread, slot, lo, hi, 0);
  }
  /** Completes a call: a0 = value (a whole number, negative for an error), pc past the `ecall`. */
  returnValue(thread: number, value: number): void {
    // Nearly all values are small, and a division of doubles is not.
    const small = value | 0;
    const hi = small === value ? small >> 31 : Math.floor(value / 0x1_0000_0000) >>> 0;
    this.put(Return, thread, value >>> 0, hi, 0, 0);
  }
  copyRegisters(from: number, to: number): void {
    this.put(EffectKind.CopyRegisters, from, to, 0, 0, 0);
  }
  /** Copies some of x1 to x31 of one thread to the same registers of another. */
  copyRegisterSet(from: number, to: number, mask: number): void {
    this.put(CopyRegisterSet, from, to, mask, 0, 0);
  }
  loadRegisters(thread: number, bytesAt: number): void {
    this.put(EffectKind.LoadRegisters, thread, bytesAt, 0, 0, 0);
  }
  clearRegisters(thread: number): void {
    this.put(EffectKind.ClearRegisters, thread, 0, 0, 0, 0);
  }
  zero(frame: number, offset: number, length: number): void {
    this.put(EffectKind.Zero, frame, offset, length, 0, 0);
  }
  copy(from: number, fromAt: number, to: number, toAt: number, length: number): void {
    this.put(EffectKind.Copy, from, fromAt, to, toAt, length);
  }
  write(frame: number, offset: number, bytesAt: number, length: number): void {
    this.put(EffectKind.Write, frame, offset, bytesAt, length, 0);
  }
  loadInput(stagingAt: number, frame: number, offset: number, length: number): void {
    this.put(EffectKind.LoadInput, stagingAt, frame, offset, length, 0);
  }
  hostWrite(stream: number, frame: number, offset: number, length: number): void {
    this.put(EffectKind.HostWrite, stream, frame, offset, length, 0);
  }
  hostPrint(stream: number, bytesAt: number, length: number): void {
    this.put(EffectKind.HostPrint, stream, bytesAt, length, 0, 0);
  }
  sampleFrame(frame: number, offset: number, length: number): void {
    assert(this.sampled === 0, "an event asks for one sample");
    this.sampled = 1;
    this.put(EffectKind.SampleFrame, frame, offset, length, 0, 0);
  }
  sampleRegisters(thread: number): void {
    assert(this.sampled === 0, "an event asks for one sample");
    this.sampled = 1;
    this.put(EffectKind.SampleRegisters, thread, 0, 0, 0, 0);
  }
  invalidatePage(asid: number, page: number): void {
    this.put(EffectKind.InvalidatePage, asid, page, 0, 0, 0);
  }
  invalidateAsid(asid: number): void {
    this.put(EffectKind.InvalidateAsid, asid, 0, 0, 0, 0);
  }
  invalidateAll(): void {
    this.put(EffectKind.InvalidateAll, 0, 0, 0, 0, 0);
  }
  ipi(hart: number): void {
    this.put(EffectKind.Ipi, hart, 0, 0, 0, 0);
  }
  setTimer(hart: number, time: number): void {
    this.put(SetTimer, hart, time >>> 0, Math.floor(time / 0x1_0000_0000), 0, 0);
  }
  continueOn(hart: number): void {
    this.put(EffectKind.Continue, hart, 0, 0, 0, 0);
  }
  requestChunk(file: number, chunk: number): void {
    this.put(EffectKind.RequestChunk, file, chunk, 0, 0, 0);
  }
  requestStream(stream: number): void {
    this.put(EffectKind.RequestStream, stream, 0, 0, 0, 0);
  }
  charge(units: number): void {
    this.put(EffectKind.Charge, units, 0, 0, 0, 0);
  }
  mapFrame(pfn: number, slot: number): void {
    this.put(EffectKind.MapFrame, pfn, slot, 0, 0, 0);
  }
  mapPageTable(pfn: number, row: number): void {
    this.put(EffectKind.MapPageTable, pfn, row, 0, 0, 0);
  }
  deviceWrite(device: number, register: number, value: number): void {
    this.put(EffectKind.DeviceWrite, device, register, value, 0, 0);
  }
  programEnded(status: number): void {
    this.put(EffectKind.ProgramEnded, status, 0, 0, 0, 0);
  }
  terminalFlow(open: number): void {
    this.put(EffectKind.TerminalFlow, open, 0, 0, 0, 0);
  }
  closed(): void {
    this.put(EffectKind.Closed, 0, 0, 0, 0, 0);
  }
}
