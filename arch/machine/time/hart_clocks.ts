import type { MachineState } from "../machine_state.ts";

/** Hart time in ticks, as in the books: user + kernel + idle + debt = time × harts. */
export interface HartTime {
  readonly user: number;
  readonly kernel: number;
  readonly idle: number;
  /** What harts have run beyond the time, as a negative number: they owe it to the next round. */
  readonly debt: number;
}

/**
 * The harts' clocks. Each tick of a clock is booked as user, kernel or idle time when it passes.
 */
export class HartClocks {
  private readonly table: MachineState["hartClock"];
  // Each event asks several times: the columns themselves are two steps nearer than the table.
  private readonly clock: Float64Array;
  private readonly user: Float64Array;
  private readonly kernel: Float64Array;

  constructor(state: MachineState, private readonly harts: number) {
    this.table = state.hartClock;
    this.clock = state.hartClock.clock;
    this.user = state.hartClock.user;
    this.kernel = state.hartClock.kernel;
  }

  /** A hart's clock, ticks. */
  at(hart: number): number {
    return this.clock[hart + 1];
  }

  /** Books guest instructions. */
  ran(hart: number, ticks: number): void {
    this.clock[hart + 1] += ticks;
    this.user[hart + 1] += ticks;
  }

  /** Books the work of an event. */
  worked(hart: number, ticks: number): void {
    this.clock[hart + 1] += ticks;
    this.kernel[hart + 1] += ticks;
  }

  /** Lets a hart idle up to a time; a clock that is beyond it stays. */
  idleTo(hart: number, time: number): void {
    const ticks = time - this.table.clock[hart + 1];
    if (ticks <= 0) return;
    this.table.clock[hart + 1] = time;
    this.table.idle[hart + 1] += ticks;
  }

  /** The books of all harts together, at a time no clock is behind. */
  sum(time: number): HartTime {
    let user = 0, kernel = 0, idle = 0, debt = 0;
    for (let row = 1; row <= this.harts; row++) {
      user += this.table.user[row];
      kernel += this.table.kernel[row];
      idle += this.table.idle[row];
      debt += time - this.table.clock[row];
    }
    return { user, kernel, idle, debt };
  }

  /**
   * Holds the identity of hart time at the end of a round.
   *
   * @returns "" or what does not add up
   */
  check(time: number): string {
    const t = this.table;
    let total = 0;
    for (let row = 1; row <= this.harts; row++) {
      if (t.clock[row] < time) return `hart ${row - 1} is behind the end of the round`;
      total += t.user[row] + t.kernel[row] + t.idle[row] + time - t.clock[row];
    }
    return total === time * this.harts ? "" : `hart time ${total} is not ${time} × ${this.harts}`;
  }
}
