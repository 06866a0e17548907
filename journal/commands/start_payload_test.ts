import assert from "node:assert/strict";
import { argumentAt, Event, payloadU32 } from "../../core/event.ts";
import { isStartPayload } from "../../core/proc/start.ts";
import { encodeStart } from "./start_payload.ts";

Deno.test("a start is a path and two vectors as execve copies them in", () => {
  const payload = encodeStart("/bin/a", ["a", "é"], []);
  assert.ok(payload !== undefined);
  const e = new Event();
  e.payload.set(payload);
  e.payloadLength = payload.length;
  assert.ok(isStartPayload(e));
  const text = (nth: number, skip: number): string => {
    const at = argumentAt(e, nth);
    return new TextDecoder().decode(e.payload.slice(at + 4 + skip, at + 4 + payloadU32(e, at)));
  };
  assert.equal(text(0, 0), "/bin/a");
  assert.equal(payloadU32(e, argumentAt(e, 1) + 4), 2);
  assert.equal(text(1, 4), "a\0é\0");
  assert.equal(payloadU32(e, argumentAt(e, 2) + 4), 0);
  assert.equal(argumentAt(e, 3), -1);
});

Deno.test("what execve does not take is refused", () => {
  assert.equal(encodeStart("/".repeat(4096), [], []), undefined);
  assert.equal(encodeStart("/a", ["x".repeat(60_000)], []), undefined);
  assert.ok(encodeStart("/a", ["x".repeat(57_000)], []) !== undefined);
});
