/** What events touch. */
import { Bits } from "./bits.ts";

/** What events touch, by the numbers of elements. */
export interface Footprint {
  readonly written: Bits;
  /** Read or written. */
  readonly touched: Bits;
  /** Counters that were counted up or down, or sets one was put into, and not looked at. */
  readonly added: Bits;
}

/** A footprint of nothing. */
export function noFootprint(): Footprint {
  return { written: new Bits(), touched: new Bits(), added: new Bits() };
}

/** Whether events with these footprints may not change places. */
export function dependent(a: Footprint, b: Footprint): boolean {
  return a.written.meets(b.touched) || b.written.meets(a.touched) ||
    a.added.meets(b.touched) || b.added.meets(a.touched);
}

/** Adds what one touches to another. */
export function addFootprint(to: Footprint, more: Footprint): void {
  to.written.addAll(more.written);
  to.touched.addAll(more.touched);
  to.added.addAll(more.added);
}
