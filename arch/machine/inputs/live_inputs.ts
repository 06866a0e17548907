import { InputKind, type RecordedEvent } from "../../../core/event.ts";
import { DIGEST_BYTES } from "../config.ts";
import { fillDemanded, type HostInputs } from "./host_inputs.ts";

/** What live inputs need of the host; `HostPort` of drivers/host is one. Times are ms of the host. */
export interface InputPort {
  readStreamBlock(stream: number, into: Uint8Array, at: number): number;
  readFileChunk(file: number, chunk: number, into: Uint8Array, at: number): number;
  digest(bytes: Uint8Array, from: number, length: number, into: Uint8Array): void;
  pollTerminal(into: Uint8Array): number;
  now(): number;
  waitUntil(ms: number): void;
}

/** An input that enters before the first process: a Tree, Entropy or Start payload. */
export interface InitialInput {
  /** An InputKind. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** How live inputs behave. */
export interface LiveInputOptions {
  /** In the order they enter. */
  readonly initial: readonly InitialInput[];
  /** Whether standard input is a terminal. */
  readonly terminal: boolean;
  /** Whether an idle machine follows the host's clock; only with a terminal. */
  readonly paced: boolean;
  /** ms of the host's clock after which the boot ends, or Infinity. */
  readonly timeLimit: number;
}

const NS_PER_MS = 1e6;
/** Bytes of one Terminal event: what the kernel has room for when it begins to hold input back. */
const TERMINAL_BYTES = 1024;
/** Terminal unit of standard input; 0 is the console device. */
const UNIT = 1;

/** Inputs as the host has them now. */
export class LiveInputs implements HostInputs {
  private nextInitial = 0;
  private readonly started: number;
  private readonly digest = new Uint8Array(DIGEST_BYTES);
  private readonly typed = new Uint8Array(TERMINAL_BYTES);
  /** Bytes polled and not delivered, -1 for a hang-up. */
  private typedLength = 0;
  private hungUp = false;

  constructor(private readonly host: InputPort, private readonly options: LiveInputOptions) {
    this.started = host.now();
  }

  initial(e: RecordedEvent): boolean {
    if (this.nextInitial === this.options.initial.length) return false;
    const { kind, payload } = this.options.initial[this.nextInitial++];
    e.cause = kind;
    e.payload.set(payload);
    e.payloadLength = payload.length;
    return true;
  }

  demanded(
    e: RecordedEvent,
    kind: number,
    unit: number,
    chunk: number,
    staging: Uint8Array,
  ): number {
    const { host, digest } = this;
    const length = kind === InputKind.Stream
      ? host.readStreamBlock(unit, staging, 0)
      : host.readFileChunk(unit, chunk, staging, 0);
    if (length < 0) {
      fillDemanded(e, InputKind.ChunkFailed, unit, chunk, 0, digest);
      return 0;
    }
    host.digest(staging, 0, length, digest);
    fillDemanded(e, kind, unit, chunk, length, digest);
    return length;
  }

  arriving(e: RecordedEvent): boolean {
    if (!this.options.terminal || this.hungUp) return false;
    if (this.typedLength === 0) this.typedLength = this.host.pollTerminal(this.typed);
    if (this.typedLength === 0) return false;
    e.cause = InputKind.Terminal;
    e.valueLo = UNIT;
    e.payloadLength = Math.max(0, this.typedLength);
    for (let i = 0; i < e.payloadLength; i++) e.payload[i] = this.typed[i];
    if (this.typedLength < 0) this.hungUp = true;
    this.typedLength = 0;
    return true;
  }

  powerOff(_boundary: number, _order: number): boolean {
    const { timeLimit } = this.options;
    return timeLimit !== Infinity && this.host.now() - this.started >= timeLimit;
  }

  mayArrive(): boolean {
    return this.options.terminal && !this.hungUp;
  }

  idleUntil(now: number, until: number): number {
    const { host, started, options: { paced, timeLimit } } = this;
    if (!this.mayArrive()) return until;
    if (!paced && until !== Infinity) return until;
    const limit = started + timeLimit;
    // Virtual time 0 is when the machine was started; what is late is not waited for.
    const end = Math.min(limit, started + until / NS_PER_MS);
    while (this.typedLength === 0) {
      const time = host.now();
      if (time >= end) return time >= limit ? now : until;
      host.waitUntil(Math.min(end, time + 60_000));
      this.typedLength = host.pollTerminal(this.typed);
    }
    if (!paced) return now;
    return Math.min(until, Math.max(now, (host.now() - started) * NS_PER_MS));
  }
}
