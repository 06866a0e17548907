import assert from "node:assert/strict";
import { EventKind, RecordedEvent } from "../../core/event.ts";
import { NullSink } from "../../journal/write/null_sink.ts";
import { BATCH, StampingSink, Stamps } from "./stamps.ts";

Deno.test("bench stamps: one batch for each so many events of the call, and of nothing else", () => {
  const CALL = 664;
  const stamps = new Stamps(CALL);
  const sink = new StampingSink(new NullSink(), stamps);
  const e = new RecordedEvent();
  for (let n = 0; n < 3 * BATCH; n++) {
    e.kind = EventKind.Syscall;
    e.cause = CALL;
    sink.append(e);
    e.cause = CALL + 1;
    sink.append(e);
    e.kind = EventKind.PageFault;
    e.cause = CALL;
    sink.append(e);
  }
  const batches = stamps.batches();
  assert.equal(batches.length, 2);
  for (const microseconds of batches) assert.ok(microseconds >= 0);
});
