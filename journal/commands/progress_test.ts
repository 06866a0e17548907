import assert from "node:assert/strict";
import { Progress } from "./progress.ts";

function terminal(live = true) {
  const t = {
    live,
    text: "",
    time: 0,
    width: 80,
    write: (text: string): void => void (t.text += text),
    now: (): number => t.time,
    columns: (): number => t.width,
  };
  return t;
}

Deno.test("progress: nothing for the first second, then a line now and then, gone at the end", () => {
  const t = terminal();
  const progress = new Progress("replaying", t);
  progress.update(1, 10, "events");
  t.time = 999;
  progress.update(2, 10, "events");
  progress.clear();
  assert.equal(t.text, "");
  t.time = 1000;
  progress.update(1234567, 2000000, "events");
  assert.equal(t.text, "\r\x1b[Kreplaying: 1,234,567 of 2,000,000 events (61 %)");
  t.text = "";
  t.time = 1199;
  progress.update(1300000, 2000000, "events");
  assert.equal(t.text, "");
  t.time = 1200;
  t.width = 15;
  progress.update(999, 0, "events");
  assert.equal(t.text, "\r\x1b[Kreplaying: 999");
  t.text = "";
  progress.clear();
  progress.clear();
  assert.equal(t.text, "\r\x1b[K");
});

Deno.test("progress: nothing at all without a terminal", () => {
  const t = terminal(false);
  const progress = new Progress("replaying", t);
  t.time = 1e9;
  progress.update(1, 2, "events");
  progress.clear();
  assert.equal(t.text, "");
});
