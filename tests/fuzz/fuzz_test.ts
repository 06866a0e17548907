/** The reducer takes any event: it refuses it and changes nothing, or handles it and keeps its books. */
import assert from "node:assert/strict";
import { Event } from "../../core/event.ts";
import { ONE } from "../../core/kernel.ts";
import { checkTotals } from "../../core/ledger/check.ts";
import { openingTotals } from "../../core/ledger/opening.ts";
import { makeRecount } from "../../core/ledger/recount.ts";
import { layoutKernel, makeReducer, type Reducer } from "../../core/reducer.ts";
import { hashText } from "../../core/state/hash.ts";
import { type ArenaBytes, Snapshot } from "../../core/state/snapshot.ts";
import { EventFuzzer } from "./event_fuzzer.ts";
import { EventLogReader } from "./event_log.ts";
import { runKernel, SMALL, STAGES } from "./harness.ts";
import { Random } from "./random.ts";

const EVENTS = 200_000;
/** A state lives that many events before another one takes its place. */
const LIFE = 100;
const layout = layoutKernel(SMALL);

interface Folded extends Reducer {
  readonly arena: ArenaBytes;
}

function kernel(): Folded {
  const buffer = new ArrayBuffer(layout.bytes);
  return { ...makeReducer(layout, buffer, 0), arena: { layout, buffer, base: 0 } };
}

/** States from the middle of real runs, and the booted one before anything else. */
function middleStates(): Snapshot[] {
  const states: Snapshot[] = [];
  for (const name of ["process", "signals", "pipes", "storm"]) {
    const stage = STAGES.find((s) => s.name === name);
    assert.ok(stage !== undefined);
    const run = runKernel({ ...stage, harts: 3, seed: 2, record: true });
    const k = kernel();
    const reader = new EventLogReader(run.log.bytes());
    const e = new Event();
    for (let i = 0; reader.next(e); i++) {
      k.reduce(e);
      if (i !== 0 && i % Math.floor(run.events / 6) !== 0) continue;
      const snapshot = new Snapshot(layout);
      snapshot.take(k.arena);
      states.push(snapshot);
    }
  }
  return states;
}

function hashOf(k: Folded): string {
  const hash = new Uint32Array(4);
  k.hash(hash);
  return hashText(hash);
}

const describe = (e: Event): string =>
  `kind ${e.kind} hart ${e.hart} time ${e.time} cause ${e.cause} value ${e.value()} ` +
  `access ${e.access} registers ${[...e.registers]} payload ${e.payloadLength}: ` +
  `${[...e.payload.subarray(0, Math.min(40, e.payloadLength))]}`;

/** Fuzzes from one seed; returns how many events were handled. */
function fuzz(seed: number, events: number, states: readonly Snapshot[]): number {
  const random = new Random(seed);
  const fuzzer = new EventFuzzer(random);
  const k = kernel();
  const recount = makeRecount(k.state);
  const e = new Event();
  let handled = 0;
  let opening: ReturnType<typeof openingTotals> = new Float64Array(0);
  for (let i = 0; i < events; i++) {
    if (i % LIFE === 0 || k.state.kernel.closed[ONE] === 1) {
      random.pick(states).restore(k.arena);
      opening = openingTotals(k.state);
    }
    fuzzer.fill(e, k.state);
    const before = i % 8 === 0 ? hashOf(k) : "";
    const where = `seed ${seed}, event ${i}`;
    let refusal: number;
    try {
      refusal = k.reduce(e);
    } catch (error) {
      throw new Error(`${where}: ${error}\n${describe(e)}`, { cause: error });
    }
    if (refusal === 0) {
      handled++;
      assert.equal(checkTotals(k.state, opening), "", `${where}: ${describe(e)}`);
    } else if (before !== "") {
      assert.equal(hashOf(k), before, `${where}: refused (${refusal}), but the state has changed`);
      assert.equal(k.effects.length, 0, `${where}: refused, but with effects`);
    }
    if (i % 32 === 31) {
      assert.deepEqual(recount().slice(0, 5), [], `${where}: ${describe(e)}`);
    }
  }
  return handled;
}

Deno.test("random events are refused or handled, never a defect", () => {
  const states = middleStates();
  let handled = 0;
  for (let seed = 0; seed < 10; seed++) handled += fuzz(seed, EVENTS / 10, states);
  assert.ok(handled > EVENTS / 5, `only ${handled} of ${EVENTS} events were handled`);
});
