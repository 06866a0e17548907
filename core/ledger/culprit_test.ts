import assert from "node:assert/strict";
import { createPipe, freePipe } from "../fs/pipe_row.ts";
import type { State } from "../kernel.ts";
import { allocBuffer, freeBuffer } from "../mem/buffer.ts";
import { closingTable } from "./closing.ts";
import { culpritText, findCulprits, type Fold, suspectsOf, suspectsOfFindings } from "./culprit.ts";
import { makeRecount } from "./recount.ts";
import { makeWorld, type World } from "./test_world.ts";
import { Account } from "./accounts.ts";
import { baseline } from "./opening.ts";
import { post } from "./post.ts";

type Event = (w: World) => unknown;

/** A fold over events given as functions, each time in a new world. */
const foldOf = (events: readonly Event[]): Fold => (after) => {
  const w = makeWorld();
  events.every((event, order) => {
    event(w);
    return after(w.s, order);
  });
};

function culprits(events: readonly Event[]): string[] {
  const w = makeWorld();
  const before = baseline(w.s);
  for (const event of events) event(w);
  const suspects = suspectsOf(w.s, closingTable(w.s, before, w.opening));
  return findCulprits(foldOf(events), suspects, before).map(culpritText);
}

const nothing: Event = () => {};
const make: Event = ({ s }) => createPipe(s);
const drop = (pipe: number): Event => ({ s, fx }) => freePipe(s, fx, pipe);

Deno.test("a leaked row is traced to the event that took it last", () => {
  const found = culprits([nothing, make, make, drop(2), drop(1), make, nothing]);
  assert.deepEqual(found, ["pipes: pipe 2 was taken by event 5 and never given back"]);
});

Deno.test("a row freed and taken again by one event is traced to that event", () => {
  const again: Event = (w) => {
    drop(1)(w);
    make(w);
  };
  assert.deepEqual(culprits([make, nothing, again, nothing]), [
    "pipes: pipe 1 was taken by event 2 and never given back",
  ]);
});

Deno.test("a leaked frame is traced by its role, its reference by the account", () => {
  let frame = 0;
  const take: Event = ({ s, fx }) => frame = allocBuffer(s, fx);
  const give: Event = ({ s, fx }) => freeBuffer(s, fx, frame);
  const found = culprits([take, give, nothing, take]);
  assert.deepEqual(found.map((line) => line.replace(/frame \d+/, "frame N")), [
    "frames by role: frame N was taken by event 3 and never given back",
    "frame references: FrameRefUsed was taken by event 3 and never given back",
  ]);
});

Deno.test("units without rows are traced to the event that raised the account for good", () => {
  const move = (units: number): Event => ({ s }) =>
    units > 0
      ? post(s, Account.PipeBytesFree, Account.PipeBytesHeld, units)
      : post(s, Account.PipeBytesHeld, Account.PipeBytesFree, -units);
  assert.deepEqual(culprits([move(5), move(-5), move(3), move(4), move(-3), nothing]), [
    "pipe bytes: PipeBytesHeld was taken by event 2 and never given back",
  ]);
});

Deno.test("what a recount finds is traced as well", () => {
  const w = makeWorld();
  const events = [nothing, make, nothing];
  for (const event of events) event(w);
  const suspects = suspectsOfFindings(makeRecount(w.s)());
  const found = findCulprits(foldOf(events), suspects, baseline(w.s));
  assert.deepEqual(found.map((c) => [c.table, c.row, c.order]), [["pipe", 1, 1]]);
});

Deno.test("a fold that is told to stop stops", () => {
  const seen: number[] = [];
  foldOf([nothing, nothing, nothing])((_: State, order) => seen.push(order) < 2);
  assert.deepEqual(seen, [0, 1]);
});
