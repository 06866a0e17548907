import { runChild, text } from "../child.ts";
import { repository } from "../daybook.ts";
import type { Lane, LaneResult } from "./lanes.ts";

/** Most bytes a boot with its replays and its audit may hold at once, whatever its memory. */
export const MOST_RESIDENT: number = 700 * 2 ** 20;

/** A lane that ran in a process of its own. */
export interface MeasuredLane extends LaneResult {
  /** Largest resident set, bytes. */
  readonly peakBytes: number;
}

/**
 * Runs a lane in a process of its own, so that its size can be told.
 *
 * @param most bytes that may be resident
 */
export async function runLaneProcess(
  lane: Lane,
  journal: string,
  most: number = MOST_RESIDENT,
): Promise<MeasuredLane> {
  const program = new URL("./lane_process.ts", import.meta.url).pathname;
  // Its own size is in /proc, which takes all rights.
  const permissions = ["--allow-all"];
  const { status, stdout, stderr } = await runChild(
    Deno.execPath(),
    ["run", ...permissions, program, lane.name, journal],
    { cwd: repository, limitMs: 300_000 },
  );
  if (status !== 0) {
    const problems = [`ended with status ${status}: ${text(stderr).trim()}`];
    return { events: 0, problems, peakBytes: 0 };
  }
  const result: MeasuredLane = JSON.parse(text(stdout));
  if (result.peakBytes <= most) return result;
  const size = `${Math.round(result.peakBytes / 2 ** 20)} MiB were resident`;
  return { ...result, problems: [...result.problems, size] };
}
