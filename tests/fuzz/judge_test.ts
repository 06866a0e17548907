/** Every check of the fuzzer sees its fault, and what it says runs again and is small. */
import assert from "node:assert/strict";
import { type Event, EventKind } from "../../core/event.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { allocRow } from "../../core/state/table.ts";
import { failureFile, failureText, runCampaign } from "./campaign.ts";
import { readTapeLine, type TapedEvent } from "./event_tape.ts";
import { FuzzKernel } from "./fuzz_kernel.ts";
import type { FailureKind } from "./judge.ts";
import { Life } from "./life.ts";
import { play } from "./shrink.ts";
import { makeStock, type Stock } from "./starts.ts";

/** Does something wrong after an event; `refusal` is what became of it. */
type Sabotage = (k: FuzzKernel, e: Event, refusal: number) => void;

class SabotagedKernel extends FuzzKernel {
  constructor(k: FuzzKernel, private readonly sabotage: Sabotage) {
    super(k.layout);
  }
  override reduce(e: Event): number {
    const refusal = super.reduce(e);
    this.sabotage(this, e, refusal);
    return refusal;
  }
}

const kept: { stock?: Stock } = {};

/** The stock with kernels that do wrong. */
function sabotaged(sabotage: Sabotage): Stock {
  const stock = kept.stock ??= makeStock();
  const kernels = new Map<unknown, FuzzKernel>();
  return {
    ...stock,
    kernelOf: (layout) => {
      const found = kernels.get(layout) ?? new SabotagedKernel(stock.kernelOf(layout), sabotage);
      kernels.set(layout, found);
      return found;
    },
  };
}

const PIPE2 = 59;
const isCall = (e: Event, refusal: number, call: number): boolean =>
  refusal === 0 && e.kind === EventKind.Syscall && e.cause === call;
let counted = 0;

const faults: readonly [name: string, what: FailureKind, most: number, sabotage: Sabotage][] = [
  ["an exception on a rare argument", "throw", 1, (_, e, refusal) => {
    if (isCall(e, refusal, PIPE2) && e.uint(1) === 0x80800) throw new TypeError("planted");
  }],
  ["a unit made of nothing", "totals", 1, (k, e, refusal) => {
    if (isCall(e, refusal, PIPE2)) k.s.account.balance[Account.PipeUsed]++;
  }],
  ["a frame that is not there", "effects", 1, (k, e, refusal) => {
    if (isCall(e, refusal, PIPE2)) k.effects.zero(k.s.frame.$capacity, 0, 4096);
  }],
  ["more work than an event may do", "effects", 1, (k, e, refusal) => {
    if (isCall(e, refusal, PIPE2)) k.effects.charge(513);
  }],
  ["a row nobody holds", "recount", 1, (k, e, refusal) => {
    if (isCall(e, refusal, PIPE2)) allocRow(k.s.waiter);
  }],
  ["a refused event that writes", "refused", 1, (k, e, refusal) => {
    if (refusal !== 0 && e.kind === EventKind.Timer) k.s.hart.switches[1]++;
  }],
  ["a refused event with effects", "refused", 1, (k, e, refusal) => {
    if (refusal !== 0 && e.kind === EventKind.Timer) k.effects.charge(1);
  }],
  ["a result that hangs on what was before", "purity", 1, (k, e, refusal) => {
    if (isCall(e, refusal, PIPE2)) k.s.hart.switches[1] = ++counted;
  }],
];

for (const [name, what, most, sabotage] of faults) {
  Deno.test(`a fault is seen, named and made small: ${name}`, () => {
    const stock = sabotaged(sabotage);
    const { failure, sums } = runCampaign(stock, { seed: 1, events: 100_000, diet: "both" });
    assert.ok(failure !== undefined, `${sums.events} events, and nothing seen`);
    assert.equal(failure.failure.what, what);
    assert.ok(failure.tape.length <= most + 2, failureText(failure));
    const [line] = failureText(failure).split("\n");
    assert.match(line, new RegExp(`^deno task fuzz --seed 1 --from ${failure.life} --lives 1`));
    // The line runs it again, and so does the file.
    const again = runCampaign(stock, {
      seed: 1,
      events: 1e9,
      diet: "both",
      from: failure.life,
      lives: 1,
    });
    assert.equal(again.failure?.failure.what, what);
    const [head, ...tape] = failureFile(failure).trimEnd().split("\n");
    const start = stock.starts.find((s) => s.name === JSON.parse(head).start);
    assert.ok(start !== undefined);
    assert.equal(play(stock, start, tape.map(readTapeLine))?.failure.what, what);
  });
}

Deno.test("books that do not close are seen", () => {
  // What is missing from every account of a resource at once is no event's doing.
  const stock = sabotaged((k, e, refusal) => {
    if (refusal !== 0 || e.kind !== EventKind.Shutdown) return;
    k.s.account.balance[Account.SignalPending]++;
    k.s.account.balance[Account.SignalConsumed]--;
  });
  const { failure } = runCampaign(stock, { seed: 1, events: 1000, diet: "calls" });
  assert.equal(failure?.failure.what, "closing");
});

Deno.test("a life is a function of its seed and number", () => {
  const stock = sabotaged(() => {});
  const tapes: TapedEvent[][] = [[], []];
  new Life(stock, 7, 40, "both").run(undefined, tapes[0]);
  new Life(stock, 7, 41, "both").run();
  new Life(stock, 7, 40, "both").run(undefined, tapes[1]);
  assert.ok(tapes[0].length > 10);
  assert.deepEqual(tapes[0], tapes[1]);
});
