/**
 * `deno task lanes [--quick]`: boots the built-in image on machines of many sizes and under chaotic
 * schedules; one line a lane. The exit status is 1 if any lane failed.
 */
import { LANES } from "./lanes.ts";
import { runLaneProcess } from "./run_lane.ts";

async function main(words: readonly string[]): Promise<number> {
  const unknown = words.find((word) => word !== "--quick");
  if (unknown !== undefined) {
    console.error(`lanes: unknown option ${unknown}; known is --quick`);
    return 1;
  }
  const lanes = LANES.filter((lane) => words.length === 0 || lane.quick === true);
  const width = Math.max(...lanes.map((lane) => lane.name.length));
  const journal = await Deno.makeTempFile({ prefix: "daybook-lane-", suffix: ".daybook" });
  let failed = 0;
  try {
    for (const lane of lanes) {
      const begin = performance.now();
      const { events, problems, peakBytes } = await runLaneProcess(lane, journal);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      const size = Math.round(peakBytes / 2 ** 20);
      const verdict = problems.length === 0 ? "ok    " : "FAILED";
      console.log(
        `${lane.name.padEnd(width)}  ${verdict}  ${events} events, ${size} MiB, ${seconds} s`,
      );
      for (const problem of problems) console.log(`  ${problem}`);
      if (problems.length > 0) failed++;
    }
  } finally {
    await Deno.remove(journal);
  }
  console.log(`${lanes.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

Deno.exit(await main(Deno.args));
