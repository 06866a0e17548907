/** Fold, replay, audit and count agree on the last good event: a sample; campaign.ts does all. */
import assert from "node:assert/strict";
import { Random } from "../../journal/test_journal.ts";
import { DamagedSet } from "./damaged_set.ts";
import { type Damage, mixed } from "./damages.ts";
import { checkVerdicts } from "./verdict_check.ts";

const set = new DamagedSet();
Deno.test.afterAll(() => set.recorder.remove());

function check({ what, bytes }: Damage): void {
  checkVerdicts(what, set.recorder.file(bytes), set.truth(bytes));
}

/** Every so many of a list, from a place the seed draws. */
function sample(damages: Iterable<Damage>, step: number, seed: number): number {
  let left = new Random(seed).below(step), count = 0;
  for (const damage of damages) {
    if (left-- > 0) continue;
    left = step - 1;
    check(damage);
    count++;
  }
  return count;
}

Deno.test("all readers say the same of an undamaged journal, and of one without its index", () => {
  const { bytes, frames } = set.whole;
  check({ what: "nothing", bytes });
  check({
    what: "the index is missing",
    bytes: bytes.subarray(0, frames[frames.length - 1].offset),
  });
});

Deno.test("all readers say the same of a cut journal", () => {
  assert.ok(sample(set.cuts(), 131, 1001) > 15);
});

Deno.test("all readers say the same when a bit is flipped", () => {
  assert.ok(sample(set.flips(), 1031, 2002) > 15);
});

Deno.test("all readers say the same of frames out of place and bad tails", () => {
  assert.ok(sample(set.rest(), 23, 3003) > 15);
});

Deno.test("all readers say the same of several damages at once", () => {
  for (let seed = 1; seed <= 30; seed++) check(mixed(set.whole, set.others, seed));
});
