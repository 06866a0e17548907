import type { Cpu } from "../memory/cpu.ts";
import { PAGE_SIZE } from "../memory/layout.ts";
import type { MachineMemory } from "../memory/memory.ts";

/** `access` of {@link Cpu.translate}. */
const READ = 0;
/** High halves from here on cannot be kept exactly in a number, and are no user addresses. */
const EXACT_HIGH = 1 << 21;
const TWO_32 = 2 ** 32;

/** Results of {@link UserReader.copyString}. */
export const StringCopy = { Fault: -1, TooLong: -2 } as const;

/** Reads user memory as a hart's current space allows. Keeps the last page's place for one event. */
export class UserReader {
  /** First byte that could not be read. */
  faultLo = 0;
  faultHi = 0;
  private hart = 0;
  private page = -1;
  private base = 0;
  private readonly u8: Uint8Array;

  constructor(memory: MachineMemory, private readonly cpu: Cpu) {
    this.u8 = memory.u8;
  }

  /** Starts reading for one event. */
  begin(hart: number): void {
    this.hart = hart;
    this.page = -1;
  }

  /** The address in two halves as a number, or -1 with the fault left when no user has it. */
  address(lo: number, hi: number): number {
    if (hi < EXACT_HIGH) return hi * TWO_32 + lo;
    this.faultLo = lo;
    this.faultHi = hi;
    return -1;
  }

  /** Linear address of a user byte, or -1 with the fault left. */
  linear(address: number): number {
    const page = Math.floor(address / PAGE_SIZE);
    if (page !== this.page) {
      const lo = address >>> 0;
      const hi = Math.floor(address / TWO_32);
      const at = this.cpu.translate(this.hart, lo | 0, hi | 0, READ);
      if (at < 0) {
        this.faultLo = lo;
        this.faultHi = hi;
        return -1;
      }
      this.page = page;
      this.base = at - (lo & (PAGE_SIZE - 1));
    }
    return this.base + ((address >>> 0) & (PAGE_SIZE - 1));
  }

  /** Copies `count` bytes; false with the fault left when one cannot be read. */
  copy(address: number, count: number, into: Uint8Array, at: number): boolean {
    const u8 = this.u8;
    let done = 0;
    while (done < count) {
      const from = this.linear(address + done);
      if (from < 0) return false;
      const n = Math.min(count - done, PAGE_SIZE - (from & (PAGE_SIZE - 1)));
      for (let i = 0; i < n; i++) into[at + done + i] = u8[from + i];
      done += n;
    }
    return true;
  }

  /**
   * Copies a NUL-terminated string.
   *
   * @param limit most bytes, its NUL included
   * @returns its length without the NUL (which is copied too), or a StringCopy
   */
  copyString(address: number, limit: number, into: Uint8Array, at: number): number {
    const u8 = this.u8;
    let done = 0;
    while (done < limit) {
      const from = this.linear(address + done);
      if (from < 0) return StringCopy.Fault;
      const n = Math.min(limit - done, PAGE_SIZE - (from & (PAGE_SIZE - 1)));
      for (let i = 0; i < n; i++) {
        const byte = u8[from + i];
        into[at + done + i] = byte;
        if (byte === 0) return done + i;
      }
      done += n;
    }
    return StringCopy.TooLong;
  }
}
