import assert from "node:assert/strict";
import { closeNames } from "../cap/naming.ts";
import { Err } from "../error.ts";
import { makeRecount } from "../ledger/recount.ts";
import { makeWorld, type World } from "../ledger/test_world.ts";
import { createThread } from "../sched/thread.ts";
import { freeRows } from "../state/table.ts";
import { createChannel } from "./channel.ts";
import { attach } from "./connection.ts";
import { freeMessage, messageOf } from "./message.ts";
import { sendPulse } from "./pulse.ts";
import { drainEnds, releaseEnds } from "./teardown.ts";

/** Takes what there is until an error; how often that went well. */
function fill(take: () => number, error: number): number {
  let taken = 0;
  for (; taken < 100; taken++) {
    const result = take();
    if (result > 0 || (result === 0 && error !== 0)) continue;
    assert.equal(result, error);
    break;
  }
  return taken;
}

function closeAll(w: World): void {
  w.fx.clear();
  assert.ok(releaseEnds(w.s, w.fx, w.init) && closeNames(w.s, w.fx, 0, w.init) === 1);
  drainEnds(w.s, w.fx, 0);
}

/** Each table of messages, what fills it, and what is refused then. */
const CASES: readonly {
  readonly table: "channel" | "connection" | "message" | "pulse";
  readonly rows: number;
  readonly times: number;
  readonly run: (w: World) => number;
}[] = [
  {
    table: "channel",
    rows: 4,
    times: 4,
    run: (w) => fill(() => createChannel(w.s, w.init, 0), -Err.Again),
  },
  {
    table: "connection",
    rows: 4,
    times: 4,
    run: (w) => {
      const id = createChannel(w.s, w.init, 0);
      return fill(() => attach(w.s, w.fx, w.init, 0, id), -Err.Again);
    },
  },
  {
    table: "pulse",
    rows: 6,
    times: 5,
    run: (w) => {
      const id = createChannel(w.s, w.init, 0);
      // One row is kept for news of this connection's end.
      assert.ok(attach(w.s, w.fx, w.init, 0, id) > 0);
      const channel = w.s.process.firstChannel[w.init];
      // Equal ones would share a row.
      let value = 0;
      const send = () => sendPulse(w.s, w.fx, 0, channel, 5, 1, value++, 0, 0, 0);
      const sent = fill(send, -Err.Again);
      assert.equal(attach(w.s, w.fx, w.init, 0, id), -Err.Again, "nor can another be kept");
      return sent;
    },
  },
  {
    table: "message",
    rows: 2,
    times: 2,
    run: (w) => {
      const threads = [w.thread, createThread(w.s, w.init, 50), createThread(w.s, w.init, 51)];
      let next = 0;
      const taken = fill(() => messageOf(w.s, threads[next++]), 0);
      for (const thread of threads) freeMessage(w.s, thread);
      return taken;
    },
  },
];

for (const { table, rows, times, run } of CASES) {
  Deno.test(`exhaustion: a table of ${rows} rows: ${table}`, () => {
    const w = makeWorld({ [table]: rows });
    const recount = makeRecount(w.s);
    for (let turn = 0; turn < 2; turn++) {
      const free = freeRows(w.s[table]);
      assert.equal(run(w), times, "as much as there is, each time");
      // Threads made for this are in no list; their messages are gone.
      if (table === "message") break;
      assert.deepEqual(recount().map((f) => f.text), []);
      closeAll(w);
      assert.equal(freeRows(w.s[table]), free, "all of it is given back");
      assert.deepEqual(recount().map((f) => f.text), []);
    }
  });
}
