import { ArgumentLength, PAYLOAD_LIMIT } from "../../../core/event.ts";
import { PATH_LIMIT } from "../../../core/limits.ts";
import { STRINGS_LIMIT } from "../../../core/syscall/row.ts";
import { type CallPlan, type CopyPlan, Take } from "./call_plan.ts";
import { type MachineMemory } from "../memory/memory.ts";
import { StringCopy, type UserReader } from "./user_reader.ts";

const A0 = 10;
const SP = 2;
/** Internal result: an argument page is not readable. */
const FAULT = -1;

/**
 * Copies a call's arguments into an event's payload: for each a length word, then its bytes padded
 * to four with zeroes.
 */
export class CopyIn {
  private readonly u32: Uint32Array;
  private stringsLeft = 0;

  constructor(memory: MachineMemory, private readonly reader: UserReader) {
    this.u32 = memory.u32;
  }

  /**
   * Copies all arguments of a call.
   *
   * @param slot index in words of the thread's register slot
   * @returns bytes of payload, or -1 with the fault left in the reader
   */
  all(plan: CallPlan, slot: number, payload: Uint8Array): number {
    this.stringsLeft = STRINGS_LIMIT;
    let at = 0;
    const copies = plan.copies;
    for (let i = 0; i < copies.length; i++) {
      const length = this.one(copies[i], slot, payload, at + 4);
      if (length === FAULT) return FAULT;
      setU32(payload, at, length);
      at += 4;
      if (length >= ArgumentLength.TooLong) continue;
      const end = at + length;
      at = (end + 3) & ~3;
      for (let i = end; i < at; i++) payload[i] = 0;
    }
    return at;
  }

  /** Copies one argument to `at`; returns its length word or FAULT. */
  private one(copy: CopyPlan, slot: number, payload: Uint8Array, at: number): number {
    const register = copy.take === Take.Frame ? SP : A0 + copy.register;
    const lo = this.u32[slot + 2 * register];
    const hi = this.u32[slot + 2 * register + 1];
    let bytes = copy.bytes;
    if (copy.take === Take.Array) {
      const count = slot + 2 * (A0 + copy.count);
      const upper = copy.wide === 0 ? 0 : this.u32[count + 1];
      if (this.u32[count] === 0 && upper === 0) return 0;
      if (lo === 0 && hi === 0) return ArgumentLength.Absent;
      if (upper !== 0 || this.u32[count] > copy.most) return ArgumentLength.TooLong;
      bytes *= Math.ceil(this.u32[count] / copy.per);
    } else if (copy.take === Take.Selected) {
      bytes = this.selectedBytes(copy, slot);
      if (bytes === 0 || lo % copy.align !== 0) return ArgumentLength.Absent;
    }
    // A stack pointer of 0 asks for no less than any other: it faults.
    if (lo === 0 && hi === 0 && copy.take !== Take.Frame) return ArgumentLength.Absent;
    if (at + bytes > PAYLOAD_LIMIT) return ArgumentLength.TooLong;

    const address = this.reader.address(lo, hi);
    if (address < 0) return FAULT;
    if (copy.take === Take.Path) return this.path(address, payload, at);
    if (copy.take === Take.Strings) return this.strings(address, payload, at);
    if (copy.take === Take.Indirect) return this.indirect(address, bytes, payload, at);
    return this.reader.copy(address, bytes, payload, at) ? bytes : FAULT;
  }

  /** Bytes that the selecting argument calls for, or 0. */
  private selectedBytes(copy: CopyPlan, slot: number): number {
    const value = this.u32[slot + 2 * (A0 + copy.count)] | 0;
    const sizes = copy.sizes;
    for (let i = 0; i < sizes.length; i += 2) if (sizes[i] === value) return sizes[i + 1];
    return 0;
  }

  /** What the first word of a pair points to; the pair is read where that goes, which is free. */
  private indirect(pair: number, bytes: number, payload: Uint8Array, at: number): number {
    if (at + PAIR_BYTES > PAYLOAD_LIMIT) return ArgumentLength.TooLong;
    if (!this.reader.copy(pair, PAIR_BYTES, payload, at)) return FAULT;
    const lo = getU32(payload, at);
    const hi = getU32(payload, at + 4);
    if (lo === 0 && hi === 0) return ArgumentLength.Absent;
    const address = this.reader.address(lo, hi);
    if (address < 0) return FAULT;
    return this.reader.copy(address, bytes, payload, at) ? bytes : FAULT;
  }

  private path(address: number, payload: Uint8Array, at: number): number {
    const length = this.reader.copyString(address, PATH_LIMIT, payload, at);
    return length === StringCopy.TooLong ? ArgumentLength.TooLong : length;
  }

  private strings(vector: number, payload: Uint8Array, at: number): number {
    if (this.stringsLeft < 4) return ArgumentLength.TooLong;
    let used = 4;
    for (let count = 0;; count++) {
      const pointerAt = at + used;
      // The pointer is read where its string goes, which is free.
      if (pointerAt + 8 > PAYLOAD_LIMIT) return ArgumentLength.TooLong;
      if (!this.reader.copy(vector + 8 * count, 8, payload, pointerAt)) return FAULT;
      const lo = getU32(payload, pointerAt);
      const hi = getU32(payload, pointerAt + 4);
      if (lo === 0 && hi === 0) {
        setU32(payload, at, count);
        this.stringsLeft -= used;
        return used;
      }
      const address = this.reader.address(lo, hi);
      if (address < 0) return FAULT;
      const length = this.reader.copyString(address, this.stringsLeft - used, payload, pointerAt);
      if (length === StringCopy.Fault) return FAULT;
      if (length === StringCopy.TooLong) return ArgumentLength.TooLong;
      used += length + 1;
    }
  }
}

const PAIR_BYTES = 16;

function getU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
