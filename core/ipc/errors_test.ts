/** Every error of the message calls, provoked; a call without any, or listed without a case, fails. */
import assert from "node:assert/strict";
import { qnxRows } from "../syscall/qnx_table.ts";
import { ERROR_CASES, type ErrorName } from "./test_error_cases.ts";
import { E, MessageBench } from "./testing.ts";

/** What QNX's pages list, by our names of the calls. */
const LISTED: Readonly<Record<string, readonly ErrorName[]>> = {
  msg_send: ["ESRCH", "EBADF", "EINTR", "ETIMEDOUT"],
  msg_send_bytes: ["EFAULT", "ESRVRFAULT", "E2BIG"],
  msg_receive: ["ESRCH", "EINTR", "EFAULT", "ETIMEDOUT"],
  msg_reply: ["ESRCH"],
  msg_reply_bytes: ["EFAULT", "ESRVRFAULT"],
  connect_attach: ["ESRCH", "EAGAIN", "EINVAL"],
  channel_create: ["EAGAIN"],
  channel_destroy: ["EINVAL"],
  connect_detach: ["EINVAL"],
  msg_send_pulse: ["EAGAIN", "EBADF"],
};

for (const { call, error, when, flags, provoke } of ERROR_CASES) {
  Deno.test(`errors: ${call} ${error}, ${when}`, () => {
    const b = new MessageBench(flags ?? 0);
    assert.equal(provoke(b), E[error]);
    b.check();
  });
}

Deno.test("errors: every call has some, and every one that is listed has a case", () => {
  const known = new Set(ERROR_CASES.map(({ call, error }) => `${call} ${error}`));
  assert.equal(known.size, ERROR_CASES.length, "a case is there once");
  for (const [call, errors] of Object.entries(LISTED)) {
    for (const error of errors) assert.ok(known.has(`${call} ${error}`), `${call} ${error}`);
  }
  const calls = new Set(ERROR_CASES.map(({ call }) => call));
  assert.deepEqual(qnxRows.map(({ name }) => name).filter((name) => !calls.has(name)), []);
});
