import { type Event, EVENT_NAMES, EventKind } from "../../core/event.ts";
import { ONE } from "../../core/kernel.ts";
import { checkTotals } from "../../core/ledger/check.ts";
import { closingTable } from "../../core/ledger/closing.ts";
import { baseline, openingTotals } from "../../core/ledger/opening.ts";
import { refuse } from "../../core/reduce.ts";
import type { Coverage } from "./coverage.ts";
import { checkEffects } from "./effect_check.ts";
import type { FuzzKernel } from "./fuzz_kernel.ts";
import type { Start } from "./starts.ts";

/** Kinds of failure: a minimal list of events must fail in the same way. */
export type FailureKind =
  | "throw"
  | "totals"
  | "effects"
  | "recount"
  | "refused"
  | "closing"
  | "purity";

/** What a check found. */
export class Failure extends Error {
  constructor(readonly what: FailureKind, message: string) {
    super(message);
  }
}

/** Reduces events and holds the kernel to its promises. Every check throws a Failure. */
export class Judge {
  /** Events handled and refused since it was made. */
  handled = 0;
  refused = 0;
  #opening: Float64Array = new Float64Array(0);
  #baseline: Float64Array = new Float64Array(0);
  /** The state hash that refused events must not change; "" while nobody looks. */
  #before = "";

  constructor(private readonly k: FuzzKernel, private readonly coverage?: Coverage) {}

  /** Goes to a start state. */
  begin(start: Start): void {
    start.snapshot.restore(this.k.arena);
    this.#opening = start.opening;
    this.#baseline = start.baseline;
    this.#before = "";
    this.coverage?.begin();
  }

  /** From now on no refused event may change the state: to be looked at when one is handled. */
  watchRefusals(): void {
    if (this.#before === "") this.#before = this.k.hash();
  }

  /** The state is as it was before the refused events, if they are watched. */
  checkRefusals(): void {
    if (this.#before === "") return;
    const before = this.#before;
    this.#before = "";
    if (this.k.hash() !== before) {
      throw new Failure("refused", "events were refused, but the state has changed");
    }
  }

  /**
   * Reduces an event.
   *
   * @returns whether it was handled
   */
  take(e: Event): boolean {
    const { k } = this;
    const { s, effects } = k;
    if (this.#before !== "" && this.#judged(() => refuse(s, e)) === 0) this.checkRefusals();
    const thread = e.hart >= 0 && e.hart < s.hart.$capacity - 1 ? s.hart.current[e.hart + 1] : 0;
    const refusal = this.#judged(() => k.reduce(e));
    if (refusal !== 0) {
      this.refused++;
      this.coverage?.refused(e, refusal);
      if (effects.length !== 0 || effects.bytesLength !== 0) {
        throw new Failure("refused", `refused (${refusal}), but with effects`);
      }
      return false;
    }
    this.handled++;
    if (e.kind === EventKind.Boot) {
      this.#opening = openingTotals(s);
      this.#baseline = baseline(s);
    }
    this.checkTotals();
    const wrong = checkEffects(s, effects, this.coverage?.effects);
    if (wrong !== "") throw new Failure("effects", wrong);
    this.coverage?.took(s, e, effects, thread);
    return true;
  }

  #judged<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      const trace = error instanceof Error ? error.stack : String(error);
      throw new Failure("throw", `${trace}`);
    }
  }

  /** No resource has more or fewer units than when the kernel booted. */
  checkTotals(): void {
    const wrong = checkTotals(this.k.s, this.#opening);
    if (wrong !== "") throw new Failure("totals", wrong);
  }

  /** The books are what a walk over the state finds. */
  checkRecount(): void {
    const { s } = this.k;
    if (s.kernel.$live[ONE] === 0) return;
    const found = this.k.recount();
    if (found.length > 0) throw new Failure("recount", found.slice(0, 5).join("\n"));
  }

  /** The books of a boot that has ended are back at their baseline. */
  checkClosed(): void {
    const { s } = this.k;
    if (s.kernel.closed[ONE] !== 1) {
      const at = `in stage ${s.kernel.shutdownStage[ONE]}`;
      throw new Failure("closing", `the shutdown stopped before the books closed, ${at}`);
    }
    const wrong = closingTable(s, this.#baseline, this.#opening).rows
      .filter((row) => row.wrong !== undefined)
      .map((row) => `${row.account}: ${row.wrong}`);
    if (wrong.length > 0) throw new Failure("closing", wrong.join("\n"));
  }
}

/** An event in one line, for messages. */
export function describeEvent(e: Event): string {
  const { kind, hart, time, cause, valueLo, valueHi, access, registerCount, payloadLength } = e;
  const registers = [...e.registers].map((word) => word.toString(16)).join(" ");
  const bytes = [...e.payload.subarray(0, Math.max(0, Math.min(40, payloadLength)))].join(" ");
  return `${EVENT_NAMES[kind] ?? kind} hart ${hart} time ${time} cause ${cause} ` +
    `value ${valueHi.toString(16)}:${valueLo.toString(16)} access ${access} ` +
    `registers ${registerCount}: ${registers} payload ${payloadLength}: ${bytes}`;
}
