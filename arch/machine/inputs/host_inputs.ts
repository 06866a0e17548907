import { InputKind, type RecordedEvent } from "../../../core/event.ts";
import { DIGEST_BYTES } from "../config.ts";

/**
 * Argument of an arriving input (and of a Shutdown by power-off) with the round boundary at which
 * it came, in ns: a replay cannot tell boundaries without events in between apart by order alone.
 */
export const BOUNDARY_ARGUMENT = 2;
/** Registers of an arriving input. */
export const ARRIVING_REGISTERS = BOUNDARY_ARGUMENT + 1;

/** Result of {@link HostInputs.idleUntil}: a recording ends here, and so must the machine. */
export const NO_MORE_INPUT = -1;

/**
 * What comes from outside (DESIGN.md §4, Host inputs), taken at round boundaries. Each function
 * that takes an event finds it empty, of kind Input and with the thread's pc cleared, and fills in
 * cause, value, registers and payload. Times are ns of virtual time; `order` is the number the event
 * will have.
 */
export interface HostInputs {
  /** The next input that enters before the first process; false when there is none left. */
  initial(e: RecordedEvent, order: number): boolean;
  /**
   * Completes a demanded input, waiting for the host: an InputKind Chunk or Stream of a file or
   * stream. The bytes go to `staging`.
   *
   * @returns bytes staged
   */
  demanded(
    e: RecordedEvent,
    kind: number,
    unit: number,
    chunk: number,
    staging: Uint8Array,
    order: number,
  ): number;
  /** The next input that has arrived, if any. */
  arriving(e: RecordedEvent, boundary: number, order: number): boolean;
  /** Whether the host ends the boot now. */
  powerOff(boundary: number, order: number): boolean;
  /** Whether an input may still arrive; if not, an idle machine without timers is in deadlock. */
  mayArrive(): boolean;
  /**
   * Nothing can run before `until` (Infinity: nothing is due at all) unless an input arrives.
   *
   * @returns time to go on at, at most `until`, or NO_MORE_INPUT
   */
  idleUntil(now: number, until: number, order: number): number;
}

/** Fills in an input with bytes; `staged` of them wait in the staging buffer. */
export function fillDemanded(
  e: RecordedEvent,
  kind: number,
  unit: number,
  chunk: number,
  staged: number,
  digest: Uint8Array,
): void {
  e.cause = kind;
  e.valueLo = unit;
  if (kind === InputKind.Stream) {
    e.registerCount = 1;
    setArgument(e, 0, staged);
  } else {
    e.registerCount = 2;
    setArgument(e, 0, chunk);
    setArgument(e, 1, staged);
  }
  if (kind === InputKind.ChunkFailed) return;
  e.payload.set(digest);
  e.payloadLength = DIGEST_BYTES;
}

/** Stores a whole number below 2^53 as a register of an event. */
export function setArgument(e: RecordedEvent, index: number, value: number): void {
  e.registers[2 * index] = value;
  e.registers[2 * index + 1] = Math.floor(value / 2 ** 32);
}
