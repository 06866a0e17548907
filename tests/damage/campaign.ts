/**
 * `deno run -A tests/damage/campaign.ts [--all] [--mixed FROM TO]`: every damage of a small journal
 * against the reader, fold, replay, audit and count. Without `--all` every hundredth bit and every
 * tenth cut. Ends with a line of counts; a failure prints the damage, which names its seed.
 */
import { DamagedSet } from "./damaged_set.ts";
import { type Damage, mixed } from "./damages.ts";
import { checkReader } from "./reader_check.ts";
import { checkVerdicts } from "./verdict_check.ts";

const words = Deno.args;
const all = words.includes("--all");
const at = words.indexOf("--mixed");
const [from, to] = at < 0 ? [1, all ? 2000 : 100] : [Number(words[at + 1]), Number(words[at + 2])];

const set = new DamagedSet();
let failed = 0;

function* seeds(): Generator<Damage> {
  for (let seed = from; seed <= to; seed++) yield mixed(set.whole, set.others, seed);
}

function run(name: string, damages: Iterable<Damage>, step: number): string {
  let seen = 0, checked = 0;
  for (const { what, bytes } of damages) {
    if (seen++ % step !== 0) continue;
    checked++;
    try {
      const truth = set.truth(bytes);
      checkReader(what, bytes, truth, set.events);
      checkVerdicts(what, set.recorder.file(bytes), truth);
    } catch (error) {
      failed++;
      console.log(`failed: ${what}: ${error instanceof Error ? error.message : error}`);
    }
    if (checked % 1000 === 0) console.error(`${name}: ${checked}`);
  }
  return `${checked} ${name}`;
}

try {
  const counts = [
    run("cuts", set.cuts(), all ? 1 : 10),
    run("flips", set.flips(), all ? 1 : 100),
    run("frames and tails", set.rest(), 1),
    run(`mixtures (seeds ${from} to ${to})`, seeds(), 1),
  ];
  const { whole: { bytes, frames }, events } = set;
  console.log(
    `damage: ${counts.join(", ")}; journal of ${bytes.length} bytes, ${frames.length} frames, ` +
      `${events.length} events; ${failed} failed`,
  );
} finally {
  set.recorder.remove();
}
Deno.exit(failed === 0 ? 0 : 1);
