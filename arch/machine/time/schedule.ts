import { SLICE_FLOOR } from "../config.ts";

/**
 * Draws the order of harts in a round and the length of their slices. Seed 0 is round robin with
 * one slice a round; any other seed draws both from a xoshiro128** generator whose four words are
 * machine state.
 */
export class Schedule {
  private readonly seeded: boolean;
  private readonly harts: Uint8Array;
  private count = 0;

  /**
   * @param words the generator's four words, all zero in a new machine
   * @param seed whole number below 2^53
   * @param roundTicks the longest slice drawn
   */
  constructor(
    private readonly words: Uint32Array,
    seed: number,
    private readonly roundTicks: number,
    harts: number,
  ) {
    this.seeded = seed !== 0;
    this.harts = new Uint8Array(harts);
    if (this.seeded && words.every((word) => word === 0)) seedWords(words, seed);
  }

  /** Forgets who is in the round. */
  clear(): void {
    this.count = 0;
  }

  /** Adds a hart at the end, unless it is in the round already. */
  add(hart: number): void {
    for (let i = 0; i < this.count; i++) if (this.harts[i] === hart) return;
    this.harts[this.count++] = hart;
  }

  /** Takes the hart to run next out of the round, or -1 when none is left. */
  take(): number {
    if (this.count === 0) return -1;
    const at = this.seeded && this.count > 1 ? this.below(this.count) : 0;
    const hart = this.harts[at];
    this.count--;
    for (let i = at; i < this.count; i++) this.harts[i] = this.harts[i + 1];
    return hart;
  }

  /**
   * Length of a slice: never so that less than the floor is left of the round, nor below the floor
   * twice in a row, even if that runs beyond the round's end.
   *
   * @param left ticks to the end of the round
   * @param lastWasShort whether the hart's slice before was below the floor
   */
  slice(left: number, lastWasShort: boolean): number {
    let ticks = left;
    if (this.seeded && left > SLICE_FLOOR) {
      ticks = Math.min(left, SLICE_FLOOR + this.below(this.roundTicks - SLICE_FLOOR + 1));
      if (left - ticks < SLICE_FLOOR) ticks = left;
    }
    return lastWasShort && ticks < SLICE_FLOOR ? SLICE_FLOOR : ticks;
  }

  private below(limit: number): number {
    const w = this.words;
    const x = Math.imul(w[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = w[1] << 9;
    w[2] ^= w[0];
    w[3] ^= w[1];
    w[1] ^= w[2];
    w[0] ^= w[3];
    w[2] ^= t;
    w[3] = (w[3] << 11) | (w[3] >>> 21);
    return Math.floor(result * limit / 2 ** 32);
  }
}

/** Spreads a seed over the generator's words; never all zero. */
function seedWords(words: Uint32Array, seed: number): void {
  let state = (seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b);
  for (let i = 0; i < 4; i++) {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    words[i] = z ^ (z >>> 15);
  }
  words[0] |= 1;
}

/**
 * How many whole rounds pass without anything happening when every hart is idle.
 *
 * A timer fires inside the round that its time falls into; a demanded input is delivered at the
 * first round boundary that is not before its completion. Stepping through these rounds one by one
 * would book idle time and nothing else.
 *
 * @param time start of the next round, ticks
 * @param roundTicks ticks of a round
 * @param timer earliest time at which an idle hart takes its timer, or Infinity
 * @param due completion of the first demanded input, or Infinity
 * @returns rounds to skip, Infinity when nothing is ever due
 */
export function emptyRounds(time: number, roundTicks: number, timer: number, due: number): number {
  const toTimer = Math.floor((timer - time) / roundTicks);
  const toInput = Math.ceil((due - time) / roundTicks);
  return Math.max(0, Math.min(toTimer, toInput));
}
