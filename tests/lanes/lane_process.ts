/** `lane_process.ts NAME JOURNAL`: runs one lane; prints its result and this process's size. */
import { resourceUsage } from "node:process";
import { LANES, runLane } from "./lanes.ts";

/** Most bytes that were resident since this program began. */
function peakBytes(): number {
  if (Deno.build.os !== "linux") return resourceUsage().maxRSS * 1024;
  // What getrusage calls the largest of a process is at least that of the process that started it.
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

const lane = LANES.find((l) => l.name === Deno.args[0]);
if (lane === undefined) throw new Error(`there is no lane ${Deno.args[0]}`);
const result = runLane(lane, Deno.args[1]);
console.log(JSON.stringify({ ...result, peakBytes: peakBytes() }));
