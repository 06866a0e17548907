/** `lane_process.ts NAME JOURNAL`: runs one lane; prints its result and this process's size. */
import { resourceUsage } from "node:process";
import { LANES, runLane } from "./lanes.ts";

const lane = LANES.find((l) => l.name === Deno.args[0]);
if (lane === undefined) throw new Error(`there is no lane ${Deno.args[0]}`);
const result = runLane(lane, Deno.args[1]);
console.log(JSON.stringify({ ...result, peakBytes: resourceUsage().maxRSS * 1024 }));
