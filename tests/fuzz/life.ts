import { Event, EventKind } from "../../core/event.ts";
import { ONE } from "../../core/kernel.ts";
import { ShutdownReason } from "../../core/proc/tables.ts";
import { Random } from "../kernel/random.ts";
import { CallFuzzer } from "./call_fuzzer.ts";
import type { Coverage } from "./coverage.ts";
import { digestObeyed } from "./effect_digest.ts";
import { EventFuzzer } from "./event_fuzzer.ts";
import { playEvent, type TapedEvent, tapeEvent } from "./event_tape.ts";
import type { FuzzKernel } from "./fuzz_kernel.ts";
import { Failure, Judge } from "./judge.ts";
import { NullMachine, setHead } from "./null_machine.ts";
import type { Start, Stock } from "./starts.ts";
import { StreamFuzzer } from "./stream_fuzzer.ts";

/** What lives are made of: calls of a closed system, events of any kind, or both. */
export type Diet = "calls" | "events" | "both";

/** Handled events between two recounts. */
const RECOUNT_EVERY = 64;
/** No shutdown takes as many events. */
const CLOSING_LIMIT = 20_000;
/** One life in so many is folded a second time. */
const PURITY_EVERY = 4;

/** A life that went well. */
export interface LifeResult {
  /** Events made; those of the shutdown not among them. */
  readonly events: number;
  readonly handled: number;
  /** Events of the shutdown. */
  readonly closing: number;
  /** 1 when it was folded a second time. */
  readonly folded: number;
}

/** A life that did not. */
export interface LifeFailure {
  readonly start: Start;
  readonly failure: Failure;
  /** All its events up to the failure. */
  readonly tape: readonly TapedEvent[];
}

/** Makes the next event of a life; false when nothing can happen any more. */
type Source = (e: Event) => boolean;

/**
 * One life: a start state, some events, and the end of its boot with the books closed. It is a
 * function of (seed, number, diet), and of nothing that was before.
 */
export class Life {
  readonly start: Start;
  readonly #k: FuzzKernel;
  readonly #random: Random;
  readonly #source: Source;
  readonly #calls: CallFuzzer;
  readonly #length: number;
  readonly #folds: boolean;
  readonly #e = new Event();
  /** Stands for the effects of every event so far, when the life is to be folded. */
  #digest = 0;

  constructor(private readonly stock: Stock, seed: number, number: number, diet: Diet) {
    const random = new Random(
      (Math.imul(seed, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35)) | 0,
    );
    for (let i = 0; i < 4; i++) random.bits();
    this.#random = random;
    this.#calls = new CallFuzzer(random);
    const calls = diet === "calls" || (diet === "both" && !random.oneIn(2));
    const streams = !calls && random.oneIn(2);
    if (streams) this.start = random.pick(stock.recorded);
    else if (calls) this.start = random.pick(stock.running);
    else this.start = random.oneIn(16) ? stock.unbooted : random.pick(stock.starts);
    this.#k = stock.kernelOf(this.start.snapshot.layout);
    this.#source = calls ? this.#ofCalls() : streams ? this.#ofStreams() : this.#ofEvents();
    this.#length = random.pick(calls ? [100, 300, 1000, 3000] : [50, 100, 200, 600]);
    this.#folds = number % PURITY_EVERY === 0;
  }

  /** Calls, and one event in a hundred that is none of a machine's. */
  #ofCalls(): Source {
    const { s } = this.#k;
    const wild = new EventFuzzer(this.#random);
    const rare = this.#random.oneIn(2) ? 100 : 1e9;
    return (e) => {
      if (!this.#random.oneIn(rare)) return this.#calls.fill(e, s);
      wild.fill(e, s);
      return true;
    };
  }

  /** Events of any kind, with what the kernel waits for among them. */
  #ofEvents(): Source {
    const { s } = this.#k;
    const wild = new EventFuzzer(this.#random);
    const often = this.#random.pick([2, 4, 1000]);
    return (e) => {
      if (this.#random.oneIn(often)) return this.#calls.fill(e, s);
      wild.fill(e, s);
      return true;
    };
  }

  /** A recorded run that goes on, out of joint. */
  #ofStreams(): Source {
    const { s } = this.#k;
    const { recording } = this.start;
    if (recording === undefined) return this.#ofEvents();
    const { of, at } = recording;
    const stream = new StreamFuzzer(this.#random, this.stock.recordings, of, at);
    return (e) => {
      // Without what the kernel waits for, nothing of the stream would be taken any more.
      if (this.#random.oneIn(6)) return this.#calls.fill(e, s);
      stream.fill(e, s);
      return true;
    };
  }

  /**
   * Lives.
   *
   * @param coverage is counted up
   * @param tape gets a copy of every event; also given back with a failure
   * @throws {Failure}
   */
  run(coverage?: Coverage, tape?: TapedEvent[]): LifeResult {
    const k = this.#k;
    const e = this.#e;
    const { s } = k;
    const judge = new Judge(k, coverage);
    judge.begin(this.start);
    const kept = tape ?? (this.#folds ? [] : undefined);
    let events = 0;
    for (; events < this.#length; events++) {
      // While a boot ends, and after it, nearly all is refused.
      if (s.kernel.shutdown[ONE] !== 0 && this.#random.oneIn(20)) break;
      if (!this.#source(e)) break;
      kept?.push(tapeEvent(e, s));
      const thread = e.hart >= 0 && e.hart < s.hart.$capacity - 1 ? s.hart.current[e.hart + 1] : 0;
      const taken = judge.take(e);
      if (this.#folds) this.#digest = digestObeyed(k.effects, this.#digest);
      if (taken) {
        this.#calls.handled(e, s, thread);
        if (judge.handled % RECOUNT_EVERY === 0) judge.checkRecount();
      } else if (events % 16 === 0) judge.watchRefusals();
    }
    judge.checkRefusals();
    judge.checkRecount();
    if (this.#folds && kept !== undefined) this.#fold(kept);
    const { handled } = judge;
    return { events, handled, closing: closeBooks(k, judge), folded: this.#folds ? 1 : 0 };
  }

  /** The same events make the same effects and the same state once more. */
  #fold(tape: readonly TapedEvent[]): void {
    const k = this.#k;
    const once = k.hash();
    let digest = 0;
    const state = k.setAside();
    this.start.snapshot.restore(k.arena);
    for (const taped of tape) {
      playEvent(taped, this.#e);
      // What lies behind a payload is from some other event: nobody may look at it.
      this.#e.payload.fill(0xa5, taped.payload.length, taped.payload.length + 64);
      k.effects.bytes.fill(0xa5, 0, 256);
      k.reduce(this.#e);
      digest = digestObeyed(k.effects, digest);
    }
    if (digest !== this.#digest) {
      throw new Failure("purity", "the same events had other effects");
    }
    if (k.hash() !== once) throw new Failure("purity", "the same events made another state");
    state.restore(k.arena);
  }
}

/**
 * Ends the boot from whatever state it is in.
 *
 * @returns events it took
 */
export function closeBooks(k: FuzzKernel, judge: Judge): number {
  const { s } = k;
  const e = new Event();
  const machine = new NullMachine(new Random(1));
  const booted = s.kernel.$live[ONE] === 1 && s.kernel.booted[ONE] === 1;
  if (!booted) return 0;
  let events = 0;
  for (; s.kernel.closed[ONE] === 0; events++) {
    if (!machine.sample(e, s)) {
      if (s.kernel.shutdown[ONE] === 0) {
        setHead(e, s, EventKind.Shutdown, 0, s.hart.lastTime[1]);
        e.cause = ShutdownReason.PowerOff;
      } else if (!machine.due(e, s)) break;
    }
    // A clock that a wild event has put to its end stands still.
    e.time = s.hart.lastTime[e.hart + 1];
    if (!judge.take(e)) throw new Failure("closing", `an event of the shutdown was refused`);
    if (events > CLOSING_LIMIT) throw new Failure("closing", "the shutdown does not end");
  }
  judge.checkClosed();
  judge.checkRecount();
  return events;
}
