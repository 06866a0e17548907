import { EventKind, InputKind, type RecordedEvent } from "../../../core/event.ts";
import { DIGEST_BYTES, ShutdownCause } from "../config.ts";
import { BOUNDARY_ARGUMENT, fillDemanded, type HostInputs, NO_MORE_INPUT } from "./host_inputs.ts";

/** What came from outside in a recorded boot. */
export interface InputLog {
  /**
   * The recorded event number `order` if it is an Input or a Shutdown; null when it is another or
   * the journal ends before it. The object stays as it is until the next event is appended.
   */
  at(order: number): RecordedEvent | null;
  /** Copies a blob to the start of `into`; returns its length, or -1 for one that is not there. */
  blob(digest: Uint8Array, into: Uint8Array): number;
}

/** A recording ends where the machine needs an input that it no longer has. */
export class RecordingEnds extends Error {
  override readonly name = "RecordingEnds";
}

/** Inputs as a journal has them. */
export class RecordedInputs implements HostInputs {
  private readonly digest = new Uint8Array(DIGEST_BYTES);
  private hungUp = false;

  /** @param terminal whether standard input was a terminal */
  constructor(private readonly log: InputLog, private readonly terminal: boolean) {}

  initial(e: RecordedEvent, order: number): boolean {
    const next = this.log.at(order);
    if (next === null || next.kind !== EventKind.Input || !isInitial(next.cause)) return false;
    return this.deliver(next, e);
  }

  demanded(
    e: RecordedEvent,
    kind: number,
    unit: number,
    chunk: number,
    staging: Uint8Array,
    order: number,
  ): number {
    const next = this.log.at(order);
    if (next === null) throw new RecordingEnds("the journal ends before a demanded input");
    const failed = next.cause === InputKind.ChunkFailed && kind === InputKind.Chunk;
    if (next.kind !== EventKind.Input || (next.cause !== kind && !failed)) {
      // Another run than the recorded one: whoever compares the events sees it here.
      fillDemanded(e, kind, unit, chunk, 0, this.digest);
      return 0;
    }
    this.deliver(next, e);
    if (failed) return 0;
    for (let i = 0; i < DIGEST_BYTES; i++) this.digest[i] = e.payload[i];
    const length = e.argument(kind === InputKind.Stream ? 0 : 1);
    if (length > 0 && this.log.blob(this.digest, staging) !== length) {
      throw new RecordingEnds("the journal lacks the bytes of an input");
    }
    return length;
  }

  arriving(e: RecordedEvent, boundary: number, order: number): boolean {
    const next = this.log.at(order);
    if (next === null || !isArriving(next)) return false;
    if (next.argument(BOUNDARY_ARGUMENT) !== boundary) return false;
    if (next.cause === InputKind.Terminal && next.payloadLength === 0) this.hungUp = true;
    return this.deliver(next, e);
  }

  powerOff(boundary: number, order: number): boolean {
    const next = this.log.at(order);
    return next !== null && isPowerOff(next) && next.argument(BOUNDARY_ARGUMENT) === boundary;
  }

  mayArrive(): boolean {
    return this.terminal && !this.hungUp;
  }

  idleUntil(now: number, until: number, order: number): number {
    const next = this.log.at(order);
    if (next !== null && (isArriving(next) || isPowerOff(next))) {
      return Math.max(now, Math.min(until, next.argument(BOUNDARY_ARGUMENT)));
    }
    return until === Infinity ? NO_MORE_INPUT : until;
  }

  /** Copies what inputs decide of an event. */
  private deliver(next: RecordedEvent, e: RecordedEvent): true {
    e.cause = next.cause;
    e.valueLo = next.valueLo;
    e.valueHi = next.valueHi;
    e.registerCount = next.registerCount;
    for (let i = 0; i < 2 * next.registerCount; i++) e.registers[i] = next.registers[i];
    e.payloadLength = next.payloadLength;
    for (let i = 0; i < next.payloadLength; i++) e.payload[i] = next.payload[i];
    return true;
  }
}

function isInitial(cause: number): boolean {
  return cause === InputKind.Tree || cause === InputKind.Entropy || cause === InputKind.Start;
}

function isArriving(e: RecordedEvent): boolean {
  return e.kind === EventKind.Input &&
    (e.cause === InputKind.Terminal || e.cause === InputKind.WindowSize);
}

function isPowerOff(e: RecordedEvent): boolean {
  return e.kind === EventKind.Shutdown && e.cause === ShutdownCause.PowerOff;
}
