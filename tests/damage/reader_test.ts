/** The reader alone, on everything that can happen to a small journal. */
import assert from "node:assert/strict";
import { DamagedSet } from "./damaged_set.ts";
import { type Damage, mixed } from "./damages.ts";
import { Kind } from "./frames.ts";
import { checkReader } from "./reader_check.ts";

const set = new DamagedSet();
set.recorder.remove();
const { whole, others, events } = set;

const check = ({ what, bytes }: Damage) => checkReader(what, bytes, set.truth(bytes), events);

function checkAll(damages: Iterable<Damage>, least: number): void {
  let count = 0;
  for (const damage of damages) {
    check(damage);
    count++;
  }
  assert.ok(count >= least, `${count} damages`);
}

Deno.test("the journal has what damage can hit: frames, blobs, hashes, closing and index", () => {
  const kinds = whole.frames.map((f) => f.kind);
  const count = (kind: number) => kinds.filter((k) => k === kind).length;
  assert.ok(count(Kind.Events) >= 5, kinds.join(" "));
  assert.ok(count(Kind.Blob) >= 2 && count(Kind.Hashes) >= 1, kinds.join(" "));
  assert.ok(count(Kind.Closed) === 1 && count(Kind.Index) === 1, kinds.join(" "));
  assert.ok(events.length > 200, `${events.length} events`);
  check({ what: "nothing", bytes: whole.bytes });
  for (const other of others) assert.equal(other.frames.length, whole.frames.length);
});

Deno.test("cut at every byte", () => checkAll(set.cuts(), 2000));

Deno.test("every bit flipped", () => checkAll(set.flips(), 16_000));

Deno.test("frames out of place and bad tails", () => checkAll(set.rest(), 350));

Deno.test("several damages at once", () => {
  for (let seed = 1; seed <= 4000; seed++) check(mixed(whole, others, seed));
});
