/** The machines the built-in image must boot on, and what is held of each. */
import { FrameRole } from "../../core/mem/tables.ts";
import type { State } from "../../core/kernel.ts";
import { watermark } from "../../core/state/table.ts";
import { ShutdownCause } from "../../arch/machine/config.ts";
import { foldChecked, kernelOf } from "../../journal/commands/fold_file.ts";
import { JournalFile } from "../../journal/commands/journal_file.ts";
import { checkMarkers, parseMarkers } from "../../journal/commands/markers.ts";
import { IMAGE } from "../../journal/commands/run_plan.ts";
import { checkedRun } from "./checked_run.ts";

/** One machine. */
export interface Lane {
  readonly name: string;
  /** Options of `boot`. */
  readonly options: readonly string[];
  /** Whether it is one of the few that every test run takes. */
  readonly quick?: boolean;
  /** Whether page tables and user pages above 4 GiB must have been in use. */
  readonly high?: boolean;
}

export const LANES: readonly Lane[] = [
  { name: "default", options: [] },
  { name: "1 hart", options: ["--harts", "1"], quick: true },
  { name: "64 harts", options: ["--harts", "64"], quick: true },
  { name: "16 MiB", options: ["--memory", "16M"] },
  { name: "16 GiB", options: ["--memory", "16G"], high: true, quick: true },
  ...[1, 2, 3, 4].map((seed) => ({ name: `chaos ${seed}`, options: ["--seed", String(seed)] })),
  { name: "chaos 5", options: ["--seed", "5", "--harts", "3", "--memory", "16M"], quick: true },
  { name: "chaos 6", options: ["--seed", "6", "--harts", "64", "--memory", "64G"], high: true },
];

/** How a lane went. */
export interface LaneResult {
  readonly events: number;
  /** One line for each thing that does not hold. */
  readonly problems: readonly string[];
}

/**
 * Boots the image on a lane's machine and holds: every marker is there and init ended the boot, both
 * replays are equal, the books close.
 *
 * @param journal file to record into; overwritten
 */
export function runLane(lane: Lane, journal: string): LaneResult {
  const { outcome, output, problems } = checkedRun(
    { command: "boot", words: lane.options },
    journal,
  );
  const found = [...problems];
  const markers = checkMarkers(parseMarkers(Deno.readTextFileSync(`${IMAGE}/etc/markers`)), output);
  if (markers.problem !== "") found.push(markers.problem);
  if (outcome !== undefined && outcome.reason !== ShutdownCause.InitExit) {
    found.push(`the boot ended with cause ${outcome.reason}, not by init`);
  }
  if (lane.high === true) found.push(...highProblems(journal));
  return { events: outcome?.stats.events ?? 0, problems: found };
}

/** Frames of 4 KiB in 4 GiB. */
const FRAMES_4_GIB = 2 ** 20;
const LOOK_EVENTS = 256;

/** What was found above 4 GiB. */
export interface HighUse {
  roots: boolean;
  pages: boolean;
}

/** Notes what a state uses above 4 GiB. Frame numbers count from the start of memory. */
export function noteHighUse(s: State, use: HighUse): void {
  for (let space = 1; space <= watermark(s.addressSpace); space++) {
    const root = s.addressSpace.root[space];
    if (root !== 0 && s.frame.pfn[root] >= FRAMES_4_GIB) use.roots = true;
  }
  for (let frame = 1; frame <= watermark(s.frame) && !use.pages; frame++) {
    if (s.frame.role[frame] === FrameRole.Anonymous && s.frame.pfn[frame] >= FRAMES_4_GIB) {
      use.pages = true;
    }
  }
}

function highProblems(journal: string): string[] {
  const use: HighUse = { roots: false, pages: false };
  const file = new JournalFile(journal);
  try {
    const kernel = kernelOf(file);
    foldChecked(file.reader(), kernel, undefined, (e) => {
      if (e.order % LOOK_EVENTS === 0) noteHighUse(kernel.reducer.state, use);
      return !(use.roots && use.pages);
    });
  } finally {
    file.close();
  }
  return [
    ...(use.roots ? [] : ["no page table lay above 4 GiB"]),
    ...(use.pages ? [] : ["no user page lay above 4 GiB"]),
  ];
}
