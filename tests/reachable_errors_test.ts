/** Every error that a message call can return has a case that provokes it. */
import assert from "node:assert/strict";
import { Err } from "../core/error.ts";
import { CAUSES, END_ERRORS } from "../core/ipc/end.ts";
import { MessageState } from "../core/ipc/tables.ts";
import { ERROR_CASES } from "../core/ipc/test_error_cases.ts";
import { E } from "../core/ipc/testing.ts";
import { errnoOf } from "../core/personality/linux/errno.ts";
import { qnxHandlers } from "../core/personality/qnx/handlers.ts";
import { qnxRows } from "../core/syscall/qnx_table.ts";
import { type ErrName, ErrorReader } from "./reachable_errors.ts";

const HANDLERS = ["capabilities", "channels", "ends", "messages"].map((name) =>
  `core/personality/qnx/${name}.ts`
);

/** What a handler seems to return and does not, as `PATH FUNCTION ERROR`, and why. */
const NEVER: Readonly<Record<string, string>> = {
  "core/mem/fault.ts resolvePage Access": "resolve makes it EFAULT",
  "core/mem/fault.ts objectFrame Io": "resolve makes it EFAULT",
  "core/mem/chunk.ts requestChunk Io": "resolve makes it EFAULT",
  "core/mem/user.ts resolveRange TooBig": "no structure of these calls has that many pages",
  "core/cap/namespace.ts mayBind TooManyOpen": "asked before anything is made: EAGAIN",
  "core/cap/namespace.ts mayBind Exhausted": "asked before anything is made: EAGAIN",
  "core/personality/qnx/messages.ts takeParts Invalid": "no event is taken without the argument",
  "msg_send_pages NoSpace": "it carries no capabilities",
};

/** From here on every call has its own case of each error; the older ones share some. */
const FIRST_COMPLETE = 683;

/** Errors of waits that end otherwise, where a handler blocks. */
function ofWaits(followed: ReadonlySet<string>): [ErrName, string[]][] {
  const states = [
    ...(followed.has("core/ipc/send.ts send") ? [MessageState.Sent, MessageState.Received] : []),
    ...(followed.has("core/ipc/receive.ts receive") ? [MessageState.Receiving] : []),
  ];
  return states.flatMap((state) =>
    [...END_ERRORS.subarray(state * CAUSES, (state + 1) * CAUSES)].flatMap((code) => {
      const name = Object.entries(Err).find(([, value]) => value === code)?.[0];
      return name === undefined
        ? []
        : [[name as ErrName, [`state ${state}`]] as [ErrName, string[]]];
    })
  );
}

/** Every error of every call, by the functions that name it: `PATH FUNCTION`. */
function reachable(): { call: string; number: number; error: ErrName; where: string }[] {
  const root = new URL("../", import.meta.url);
  const reader = new ErrorReader((path) => Deno.readTextFileSync(new URL(path, root)));
  return qnxRows.flatMap(({ name: call, number }) => {
    const handler = qnxHandlers[call].name;
    const found = HANDLERS.map((path) => reader.errorsOf(path, handler));
    assert.equal(found.filter(({ errors }) => errors.size > 0).length, 1, `${call} is read`);
    return found.flatMap(({ errors, followed }) =>
      [...errors, ...ofWaits(followed)].flatMap(([error, places]) =>
        places.map((where) => ({ call, number, error, where }))
      )
    );
  });
}

Deno.test("errors: whatever a handler can return has a case, or says why it cannot come", () => {
  const cases = new Set(ERROR_CASES.map(({ call, error }) => `${call} ${E[error]}`));
  const all = reachable();
  const has = (call: string, error: ErrName) => cases.has(`${call} ${errnoOf(-Err[error])}`);
  const excused = new Set<string>();
  const missing = all.filter(({ call, number, error, where }) => {
    const shared = all.some((other) =>
      other.where === where && other.error === error && has(other.call, error)
    );
    if (number < FIRST_COMPLETE ? shared : has(call, error)) return false;
    const excuse = [`${where} ${error}`, `${call} ${error}`].find((key) => key in NEVER);
    if (excuse !== undefined) excused.add(excuse);
    return excuse === undefined;
  });
  assert.deepEqual(missing.map(({ call, error, where }) => `${call} ${error}: ${where}`), []);
  assert.deepEqual(Object.keys(NEVER).filter((key) => !excused.has(key)), [], "no excuse is idle");
});

Deno.test("errors: what a function names, calls and only compares with is told apart", () => {
  const modules: Readonly<Record<string, string>> = {
    "a.ts": `import { Err } from "./error.ts"; import { other as b, far } from "./d/b.ts";
      const { Again, Busy: full } = Err;
      function f(x) { if (b(x) < 0) return -full; if (x === -Again) return near(x); dropped(); }
      function near(x) { return x > 0 ? -Err.Io : far(); }
      function dropped() { return -Err.Loop; }`,
    "d/b.ts": `import { Err } from "../error.ts";
      export function other() { return -Err.Range; }
      export function far() { const r = -Err.Busy; return r; }`,
  };
  const reader = new ErrorReader((path) => modules[path] ?? "");
  const { errors, followed } = reader.errorsOf("a.ts", "f");
  assert.deepEqual([...errors], [["Busy", ["a.ts f", "d/b.ts far"]], ["Io", ["a.ts near"]]]);
  assert.deepEqual([...followed], ["a.ts f", "a.ts near", "d/b.ts far"]);
});
