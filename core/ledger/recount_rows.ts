import { ONE, type State } from "../kernel.ts";
import { FrameRole } from "../mem/tables.ts";
import { type TableBase, watermark } from "../state/table.ts";
import { viewOf } from "../state/view.ts";
import { FrameUse, Reach } from "./recount_walk.ts";

const FRAME = Reach.indexOf("frame");
const INODE = Reach.indexOf("inode");
const OBJECT = Reach.indexOf("memoryObject");
const SPACE = Reach.indexOf("addressSpace");

/** Holds what the tables claim (live rows, reference counts, frame roles) against what was reached. */
export function compareRows(s: State, reach: Reach): void {
  Reach.keys.forEach((key, index) => {
    const table: TableBase = s[key as keyof State];
    if (!reach.isRoot(index) && index !== FRAME) compareTable(s, table, key, index, reach);
  });
  compareFrames(s, reach);
  compareFreeList(s, reach);
  compareQuarantine(s, reach);
}

function compareTable(s: State, table: TableBase, key: string, index: number, reach: Reach): void {
  const refs = "refs" in table.$spec.columns ? viewOf(table, "refs") : undefined;
  const owners = reach.owners[index];
  const holders = reach.holders[index];
  const end = Math.max(watermark(table), reach.highestOf(index));
  for (let row = 1; row <= end; row++) {
    const reached = owners[row] > 0 || holders[row] > 0;
    if (table.$live[row] === 0) {
      if (reached) reach.report(key, row, "free, but owned or held");
      continue;
    }
    if (!reached) {
      reach.report(key, row, "in use, but nothing owns or holds it");
      continue;
    }
    if (refs !== undefined && refs[row] !== holders[row]) {
      reach.report(key, row, `${holders[row]} holders found, refs says ${refs[row]}`);
    }
    if (index === INODE) checkInode(reach, row);
    const dying = owners[row] > 0 && row !== s.memory.zeroObject[ONE];
    if (index === OBJECT && dying && holders[row] > 0) {
      reach.report(key, row, "on the list of dying objects, but held");
    }
    if (index === SPACE && (holders[row] === 0) !== (owners[row] > 0)) {
      reach.report(key, row, "held by nothing and not dying, or dying and held");
    }
  }
}

function checkInode(reach: Reach, row: number): void {
  if (reach.owners[INODE][row] === 0) reach.report("inode", row, "not in the list of all inodes");
  if (reach.holders[INODE][row] === 0) reach.report("inode", row, "held by nothing");
}

/** The one role that fits how a frame was reached, or -1 when none does. */
export function roleOfUse(use: number): number {
  switch (use) {
    case 0:
      return FrameRole.Free;
    case FrameUse.Leaf:
      return FrameRole.Anonymous;
    case FrameUse.Page:
    case FrameUse.Page | FrameUse.Leaf:
      return FrameRole.Object;
    case FrameUse.Table:
      return FrameRole.PageTable;
    case FrameUse.Buffer:
      return FrameRole.Buffer;
    case FrameUse.Quarantine:
      return FrameRole.Quarantine;
    default:
      return -1;
  }
}

const ROLE_NAMES: readonly string[] = [
  "free",
  "anonymous",
  "object page",
  "page table",
  "buffer",
  "quarantine",
];

function compareFrames(s: State, reach: Reach): void {
  const holders = reach.holders[FRAME];
  const end = Math.max(s.memory.backed[ONE], reach.highestOf(FRAME));
  for (let frame = 1; frame <= end; frame++) {
    const role = s.frame.role[frame];
    const use = reach.frameUse[frame];
    const expected = roleOfUse(use);
    if (expected < 0) {
      reach.report("frame", frame, `reached in ways that exclude each other (${use})`);
    } else if (expected !== role) {
      const found = use === 0
        ? "nothing reaches it"
        : `it is reached as a frame of role ${ROLE_NAMES[expected]}`;
      reach.report("frame", frame, `role ${ROLE_NAMES[role] ?? role}, but ${found}`);
    }
    if (s.frame.refs[frame] !== holders[frame]) {
      reach.report(
        "frame",
        frame,
        `${holders[frame]} references found, refs says ${s.frame.refs[frame]}`,
      );
    }
    const isTable = (use & FrameUse.Table) !== 0;
    if (isTable !== (s.frame.pageTable[frame] !== 0)) {
      reach.report("frame", frame, "its pageTable row and its use disagree");
    }
  }
}

/** The free list claims to hold exactly the backed frames that nothing reaches. */
function compareFreeList(s: State, reach: Reach): void {
  const backed = s.memory.backed[ONE];
  let unreached = 0;
  for (let frame = 1; frame <= backed; frame++) if (reach.frameUse[frame] === 0) unreached++;
  let listed = 0;
  let last = 0;
  for (let frame = s.memory.freeHead[ONE]; frame !== 0; frame = s.frame.next[frame]) {
    last = frame;
    listed++;
    if (frame > backed || listed > backed) {
      reach.report("frame", frame, "the free list runs in a circle or leaves the backed frames");
      return;
    }
    if (reach.frameUse[frame] !== 0) reach.report("frame", frame, "on the free list, but reached");
  }
  if (last !== s.memory.freeTail[ONE]) {
    reach.report("memory", ONE, `the free list ends at ${last}, freeTail says otherwise`);
  }
  if (listed !== unreached) {
    reach.report("memory", ONE, `${unreached} frames are unreached, ${listed} on the free list`);
  }
  if (listed !== s.memory.freeFrames[ONE]) {
    reach.report("memory", ONE, `${listed} frames on the free list, freeFrames says otherwise`);
  }
}

function chainLength(s: State, head: number): number {
  let length = 0;
  for (let frame = head; frame !== 0 && length <= s.memory.backed[ONE]; length++) {
    frame = s.frame.next[frame];
  }
  return length;
}

function compareQuarantine(s: State, reach: Reach): void {
  if (chainLength(s, s.memory.releasedHead[ONE]) !== s.memory.releasedFrames[ONE]) {
    reach.report("memory", ONE, "the released list and releasedFrames disagree");
  }
  for (let row = 1; row <= watermark(s.shootdown); row++) {
    if (s.shootdown.$live[row] === 0) continue;
    if (chainLength(s, s.shootdown.firstFrame[row]) !== s.shootdown.frames[row]) {
      reach.report("shootdown", row, "its quarantine list and frames disagree");
    }
  }
}
