import { u32, u8 } from "../../../core/state/column.ts";
import { allocRow, type Table, table } from "../../../core/state/table.ts";
import { assert } from "../../../core/assert.ts";

/**
 * Timer and software interrupts of the harts (RISC-V ACLINT specification 1.0-rc4: MTIMER and
 * MSWI, at the offsets of the older CLINT). mtime counts nanoseconds of virtual time.
 */

/** Register blocks, as byte offsets in the window. */
export const AclintOffset = {
  /** u32 per hart; bit 0 raises the software interrupt. */
  Msip: 0,
  /** u64 per hart. */
  Mtimecmp: 0x4000,
  /** u64, read-only here: virtual time has one writer, the loop. */
  Mtime: 0xbff8,
} as const;

const MAX_HARTS = 64;
const TWO_32 = 0x1_0000_0000;

/** Timer compare and software interrupt of each hart. */
export const aclintTable = table("aclint", {
  doc: "One row per hart: timer compare register and software interrupt; row = hart + 1.",
  capacity: MAX_HARTS,
  root: true,
}, {
  compareLo: u32("mtimecmp, low half", { owner: "global" }),
  compareHi: u32("mtimecmp, high half", { owner: "global" }),
  software: u8("msip: 1 while the software interrupt is raised", { owner: "global" }),
});

/** ACLINT rows, bound to an arena. */
export type AclintTable = Table<typeof aclintTable.columns>;

/** The timers and software interrupts over their rows. */
export class Aclint {
  /** The column, which the loop asks for before each run. */
  private readonly software: Uint8Array;

  /** @param state the bound table, empty or restored from a snapshot */
  constructor(private readonly state: AclintTable, private readonly harts: number) {
    assert(harts >= 1 && harts <= MAX_HARTS, "an ACLINT serves 1 to 64 harts");
    this.software = state.software;
  }

  /** Allocates the rows of a new machine, with every timer off. */
  reset(): void {
    for (let hart = 0; hart < this.harts; hart++) {
      const row = allocRow(this.state);
      assert(row === hart + 1, "hart rows are dense");
      this.setTimer(hart, 0);
    }
  }

  /**
   * Sets a hart's timer compare.
   *
   * @param time ns of virtual time, a whole number below 2^53; 0 turns the timer off
   */
  setTimer(hart: number, time: number): void {
    const row = hart + 1;
    // All ones lie beyond any time that is reached.
    this.state.compareLo[row] = time === 0 ? 0xffff_ffff : time >>> 0;
    this.state.compareHi[row] = time === 0 ? 0xffff_ffff : Math.floor(time / TWO_32);
  }

  /** A hart's timer compare, ns, rounded beyond 2^53; Infinity while it is off. */
  timer(hart: number): number {
    const lo = this.state.compareLo[hart + 1];
    const hi = this.state.compareHi[hart + 1];
    return lo === 0xffff_ffff && hi === 0xffff_ffff ? Infinity : hi * TWO_32 + lo;
  }

  /** Whether a hart's timer interrupt is raised at a time in ns: mtime >= mtimecmp. */
  timerPending(hart: number, now: number): boolean {
    return now >= this.state.compareHi[hart + 1] * TWO_32 + this.state.compareLo[hart + 1];
  }

  /** Raises (1) or clears (0) a hart's software interrupt. */
  setSoftware(hart: number, level: number): void {
    this.software[hart + 1] = level & 1;
  }

  /** Whether a hart's software interrupt is raised. */
  softwarePending(hart: number): boolean {
    return this.software[hart + 1] !== 0;
  }

  /**
   * Reads the 32-bit register at a byte offset.
   *
   * @param now the time a guest sees, ns
   */
  read(offset: number, now: number): number {
    if (offset === AclintOffset.Mtime) return now % TWO_32;
    if (offset === AclintOffset.Mtime + 4) return Math.floor(now / TWO_32);
    if (offset >= AclintOffset.Mtimecmp) {
      const hart = (offset - AclintOffset.Mtimecmp) >>> 3;
      if (hart >= this.harts) return 0;
      return (offset & 4) === 0 ? this.state.compareLo[hart + 1] : this.state.compareHi[hart + 1];
    }
    const hart = offset >>> 2;
    return hart < this.harts ? this.software[hart + 1] : 0;
  }

  /** Writes the 32-bit register at a byte offset. */
  write(offset: number, value: number): void {
    if (offset >= AclintOffset.Mtimecmp) {
      const hart = (offset - AclintOffset.Mtimecmp) >>> 3;
      if (hart >= this.harts) return;
      if ((offset & 4) === 0) this.state.compareLo[hart + 1] = value;
      else this.state.compareHi[hart + 1] = value;
      return;
    }
    const hart = offset >>> 2;
    if (hart < this.harts) this.setSoftware(hart, value);
  }
}
