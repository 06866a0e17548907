import type { Event } from "../../core/event.ts";
import type { State } from "../../core/kernel.ts";
import type { Effects } from "../../core/effect.ts";
import { makeRecount } from "../../core/ledger/recount.ts";
import { makeReducer, type Reducer } from "../../core/reducer.ts";
import type { ArenaLayout } from "../../core/state/arena.ts";
import { hashText } from "../../core/state/hash.ts";
import { type ArenaBytes, Snapshot } from "../../core/state/snapshot.ts";
import { drivers } from "../../drivers/registry.ts";

/** A kernel without a machine, over a buffer of its own, that can be put back to kept states. */
export class FuzzKernel {
  readonly arena: ArenaBytes;
  readonly s: State;
  readonly effects: Effects;
  /** What the recount finds, a line each; nothing when all is well. */
  readonly recount: () => readonly string[];
  readonly #reducer: Reducer;
  readonly #hash = new Uint32Array(4);
  #aside: Snapshot | undefined;

  constructor(readonly layout: ArenaLayout) {
    const buffer = new ArrayBuffer(layout.bytes);
    this.arena = { layout, buffer, base: 0 };
    this.#reducer = makeReducer(layout, buffer, 0, drivers);
    this.s = this.#reducer.state;
    this.effects = this.#reducer.effects;
    const recount = makeRecount(this.s);
    this.recount = () => recount().map((finding) => finding.text);
  }

  /** Reduces an event; returns a Refusal. */
  reduce(e: Event): number {
    return this.#reducer.reduce(e);
  }

  /** The state hash, as text. */
  hash(): string {
    this.#reducer.hash(this.#hash);
    return hashText(this.#hash);
  }

  /** Copies the state as it is now to where the last copy was; `restore` of the copy goes back. */
  setAside(): Snapshot {
    this.#aside ??= new Snapshot(this.layout);
    this.#aside.take(this.arena);
    return this.#aside;
  }

  /** A copy of the state as it is now. */
  keep(): Snapshot {
    const snapshot = new Snapshot(this.layout);
    snapshot.take(this.arena);
    return snapshot;
  }
}
