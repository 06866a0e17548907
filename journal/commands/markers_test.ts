import assert from "node:assert/strict";
import { checkMarkers, parseMarkers } from "./markers.ts";

const names = parseMarkers("# stages\nfiles\n\n pipes \ninit\n");

Deno.test("markers are a set", () => {
  assert.deepEqual(names, ["files", "pipes", "init"]);
  const text = "hello\r\nmarker: pipes ok\r\nmarker: files ok\nmarker: init done\n";
  assert.deepEqual(checkMarkers(names, text), { seen: 3, problem: "" });
});

Deno.test("a missing marker and a failed one are named", () => {
  const missing = checkMarkers(names, "marker: files ok\nmarker: init done\n");
  assert.equal(missing.seen, 2);
  assert.match(missing.problem, /marker: pipes ok/);
  const failed = checkMarkers(names, "marker: files ok\nmarker: pipes FAILED\nmarker: init done\n");
  assert.match(failed.problem, /marker: pipes FAILED/);
  assert.match(checkMarkers(names, "x marker: files ok").problem, /files/);
});

Deno.test("a marker that is not expected is named", () => {
  const text = "marker: files ok\nmarker: pipes ok\nmarker: time ok\nmarker: init done\n";
  const { seen, problem } = checkMarkers(names, text);
  assert.equal(seen, 3);
  assert.equal(problem, "not in etc/markers: marker: time ok");
});
