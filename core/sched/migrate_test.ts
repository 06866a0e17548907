import assert from "node:assert/strict";
import { makeWorld, type World } from "../ledger/test_world.ts";
import { beginOperation, endOperation, OperationKind } from "./operation.ts";
import { Request, ThreadState } from "./tables.ts";
import { answerRequests, leaveForbiddenHart, request, takeFromInbox } from "./thread.ts";

/** Init runs on hart 0; hart 1 forbids it that hart and asks it to move. */
function asked(): World {
  const w = makeWorld();
  w.s.thread.affinityLo[w.thread] = 2;
  w.s.thread.migrateTo[w.thread] = 1;
  request(w.s, w.fx, 1, w.thread, Request.Migrate);
  assert.equal(takeFromInbox(w.s, 0), w.thread);
  return w;
}

Deno.test("a thread asked to leave its hart goes where it was sent", () => {
  const { s, fx, thread } = asked();
  answerRequests(s, fx, 0, thread);
  assert.equal(s.thread.hart[thread], 1);
  assert.equal(s.thread.requests[thread], Request.Start);
  assert.equal(s.hart.inboxHead[2], thread);
});

Deno.test("a thread that may stay again by the time it is asked stays", () => {
  const { s, fx, thread } = asked();
  s.thread.affinityLo[thread] = 3;
  answerRequests(s, fx, 0, thread);
  assert.equal(s.thread.hart[thread], 0);
  assert.equal(s.thread.state[thread], ThreadState.Running);
});

Deno.test("a thread in a long operation leaves at its end, not between its steps", () => {
  const { s, fx, thread } = asked();
  beginOperation(s, fx, 0, thread, OperationKind.Unmap);
  answerRequests(s, fx, 0, thread);
  assert.equal(s.thread.hart[thread], 0);
  assert.equal(s.hart.current[1], thread);
  endOperation(s, 0, thread);
  leaveForbiddenHart(s, fx, 0, thread);
  assert.equal(s.thread.hart[thread], 1);
  assert.equal(s.hart.assigned[1], 0);
  assert.equal(s.hart.assigned[2], 1);
});
