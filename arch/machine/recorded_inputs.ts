import { EventKind, InputKind, type RecordedEvent } from "../../core/event.ts";
import { DIGEST_BYTES, ShutdownCause } from "./config.ts";
import { BOUNDARY_ARGUMENT, fillDemanded, type HostInputs, NO_MORE_INPUT } from "./host_inputs.ts";

/** What came from outside in a recorded boot. */
export interface InputLog {
  /**
   * The next recorded Input or Shutdown event, however far ahead, or null when there is none left.
   * The object is reused: it is read before `take`.
   */
  peek(): RecordedEvent | null;
  /** Uses up the event that `peek` gave. */
  take(): void;
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
    const next = this.log.peek();
    if (next === null || next.order !== order || next.kind !== EventKind.Input) return false;
    const { cause } = next;
    if (
      cause !== InputKind.Tree && cause !== InputKind.Entropy && cause !== InputKind.Start
    ) return false;
    return this.deliver(next, e);
  }

  demanded(
    e: RecordedEvent,
    kind: number,
    unit: number,
    chunk: number,
    staging: Uint8Array,
  ): number {
    const next = this.log.peek();
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
    const next = this.log.peek();
    if (next === null || next.kind !== EventKind.Input || !this.isNow(next, boundary, order)) {
      return false;
    }
    if (next.cause !== InputKind.Terminal && next.cause !== InputKind.WindowSize) return false;
    if (next.cause === InputKind.Terminal && next.payloadLength === 0) this.hungUp = true;
    return this.deliver(next, e);
  }

  powerOff(boundary: number, order: number): boolean {
    const next = this.log.peek();
    return next !== null && isPowerOff(next) && this.isNow(next, boundary, order);
  }

  mayArrive(): boolean {
    return this.terminal && !this.hungUp;
  }

  idleUntil(now: number, until: number): number {
    const next = this.log.peek();
    if (next === null) return until === Infinity ? NO_MORE_INPUT : until;
    const arriving = next.kind === EventKind.Input &&
      (next.cause === InputKind.Terminal || next.cause === InputKind.WindowSize);
    if (!arriving && !isPowerOff(next)) return until === Infinity ? NO_MORE_INPUT : until;
    return Math.max(now, Math.min(until, next.argument(BOUNDARY_ARGUMENT)));
  }

  private isNow(next: RecordedEvent, boundary: number, order: number): boolean {
    return next.order === order && next.argument(BOUNDARY_ARGUMENT) === boundary;
  }

  /** Copies what inputs decide of an event, and uses it up. */
  private deliver(next: RecordedEvent, e: RecordedEvent): true {
    e.cause = next.cause;
    e.valueLo = next.valueLo;
    e.valueHi = next.valueHi;
    e.registerCount = next.registerCount;
    for (let i = 0; i < 2 * next.registerCount; i++) e.registers[i] = next.registers[i];
    e.payloadLength = next.payloadLength;
    for (let i = 0; i < next.payloadLength; i++) e.payload[i] = next.payload[i];
    this.log.take();
    return true;
  }
}

function isPowerOff(e: RecordedEvent): boolean {
  return e.kind === EventKind.Shutdown && e.cause === ShutdownCause.PowerOff;
}
