import type { Event } from "./event.ts";

/**
 * A driver of a device that receives bytes: pure functions of the interrupt event, into which the
 * machine has sampled what the device's registers held.
 */
export interface ByteDriver {
  /** The device's interrupt source; `value` of its External events. */
  readonly source: number;
  /** Whether the device asked for the interrupt; false for a spurious one. */
  asked(e: Event): boolean;
  /** Offset in the payload of the first byte received. */
  readonly receivedAt: number;
  /** Bytes received. */
  receivedLength(e: Event): number;
}
