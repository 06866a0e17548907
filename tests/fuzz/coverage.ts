import { EFFECT_ARITY, EffectKind, type Effects } from "../../core/effect.ts";
import { type Event, EventKind } from "../../core/event.ts";
import type { State } from "../../core/kernel.ts";
import { ProcessState } from "../../core/proc/tables.ts";
import { ThreadState } from "../../core/sched/tables.ts";
import { CALL_LIMIT } from "../../core/syscall/rows.ts";

const ERRNOS = 256;
const KINDS = 16;
const REFUSALS = 16;
const WAITS = 64;
const THREADS = 4096;

/** How deep a campaign got: what was called, what came back, what was waited for. */
export class Coverage {
  /** Calls whose event was handled, by number. */
  readonly handled: Float64Array = new Float64Array(CALL_LIMIT);
  /** Results by call * 256 + errno; 0 for success. */
  readonly results: Float64Array = new Float64Array(CALL_LIMIT * ERRNOS);
  /** Events by kind * 16 + Refusal; kinds that are none count as 0. */
  readonly events: Float64Array = new Float64Array(KINDS * REFUSALS);
  /** Effects by kind. */
  readonly effects: Float64Array = new Float64Array(EFFECT_ARITY.length);
  /** Calls that blocked, by WaitKind. */
  readonly waits: Float64Array = new Float64Array(WAITS);
  /** Most units charged by one event. */
  mostUnits = 0;
  /** Call in progress of each thread plus one: whose result comes. */
  readonly #calls: Uint16Array = new Uint16Array(THREADS);

  /** Forgets the calls in progress: another state takes the place of the last. */
  begin(): void {
    this.#calls.fill(0);
  }

  /** Counts a refused event. */
  refused(e: Event, refusal: number): void {
    this.events[KINDS * (e.kind > 0 && e.kind < KINDS ? Math.floor(e.kind) : 0) + refusal]++;
  }

  /**
   * Counts a handled event, its kind of effects left to `checkEffects`.
   *
   * @param thread the thread that was current before it, or 0
   */
  took(s: State, e: Event, fx: Effects, thread: number): void {
    this.events[KINDS * e.kind]++;
    const isCall = e.kind === EventKind.Syscall && e.cause < CALL_LIMIT;
    if (isCall) {
      this.handled[e.cause]++;
      // A process that ends gets no result; its thread's row may soon be another's.
      const ends = s.process.state[s.thread.process[thread]] !== ProcessState.Live;
      this.#calls[thread] = ends ? 0 : e.cause + 1;
    }
    const w = fx.words;
    let units = 0;
    for (let at = 0; at < fx.length; at += 1 + EFFECT_ARITY[w[at]]) {
      if (w[at] === EffectKind.Return) this.#returned(w[at + 1], w[at + 2], w[at + 3]);
      // The row of a thread that has ended is another's now.
      else if (w[at] === EffectKind.CopyRegisters) this.#calls[w[at + 2]] = 0;
      else if (w[at] === EffectKind.Charge) units += w[at + 1];
      else if (w[at] === EffectKind.ClearRegisters || w[at] === EffectKind.LoadRegisters) {
        // exec and sigreturn succeed by what they put into the registers.
        this.#returned(w[at + 1], 0, 0);
      }
    }
    if (units > this.mostUnits) this.mostUnits = units;
    if (isCall && s.thread.state[thread] === ThreadState.Blocked) {
      this.waits[s.waiter.kind[s.thread.waiter[thread]]]++;
    }
  }

  #returned(thread: number, lo: number, hi: number): void {
    const call = this.#calls[thread];
    if (call === 0) return;
    this.#calls[thread] = 0;
    const errno = hi === -1 && lo < 0 && lo > -ERRNOS ? -lo : 0;
    this.results[(call - 1) * ERRNOS + errno]++;
  }

  /** How often a call came back with an errno; 0 for success. */
  result(call: number, errno: number): number {
    return this.results[call * ERRNOS + errno];
  }

  /** Distinct pairs of call and errno (success one of them) that were seen. */
  pairs(): number {
    return this.results.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
  }

  /** Adds another's counts. */
  add(other: Coverage): void {
    for (const key of ["handled", "results", "events", "effects", "waits"] as const) {
      for (let i = 0; i < this[key].length; i++) this[key][i] += other[key][i];
    }
    this.mostUnits = Math.max(this.mostUnits, other.mostUnits);
  }
}
