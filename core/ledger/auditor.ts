import type { State } from "../kernel.ts";
import { checkTotals } from "./check.ts";
import { type ClosingTable, closingTable } from "./closing.ts";
import { baseline, openingTotals } from "./opening.ts";
import { type Finding, makeRecount } from "./recount.ts";

/**
 * The ledger's three checks over one state, for an audit's fold and for tests. It only reads the
 * state.
 */
export class Auditor {
  /** Balances when the kernel was initialised, by account number. */
  baseline: Float64Array = new Float64Array(0);
  #opening: Float64Array = new Float64Array(0);
  readonly #s: State;
  readonly #recount: () => readonly Finding[];

  constructor(s: State) {
    this.#s = s;
    this.#recount = makeRecount(s);
  }

  /** Takes totals and baseline: right after the Boot event, before the root is mounted. */
  begin(): void {
    this.#opening = openingTotals(this.#s);
    this.baseline = baseline(this.#s);
  }

  /** The check after every event; "" or one line naming the resource. */
  checkTotals(): string {
    return checkTotals(this.#s, this.#opening);
  }

  /** The recount; what it found is valid until the next one. */
  recount(): readonly Finding[] {
    return this.#recount();
  }

  /** The closing table, after the journal's last event. */
  close(): ClosingTable {
    return closingTable(this.#s, this.baseline, this.#opening);
  }
}
