import { HART_LIMIT } from "./format.ts";

/** Where each hart stands in the stream: its next sequence and its clock at its last event, ns. */
export class HartCursors {
  readonly sequence: Float64Array = new Float64Array(HART_LIMIT);
  readonly time: Float64Array = new Float64Array(HART_LIMIT);
  /** Number of a hart within the frame plus one, in order of appearance; 0 = not yet. */
  readonly local: Uint16Array = new Uint16Array(HART_LIMIT);
  /** The hart with each number within the frame. */
  readonly harts: Uint16Array = new Uint16Array(HART_LIMIT);
  count = 0;

  /** Forgets which harts the frame has; sequences go on. */
  beginFrame(): void {
    this.local.fill(0);
    this.count = 0;
  }

  /** Enters a hart into the frame; returns its number within it. */
  enter(hart: number): number {
    const n = this.count++;
    this.harts[n] = hart;
    this.local[hart] = n + 1;
    return n;
  }
}
