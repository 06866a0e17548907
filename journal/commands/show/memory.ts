import { ONE, type State } from "../../../core/kernel.ts";
import { hartSet, liveRows, threadName } from "./names.ts";
import type { Cell, Sheet } from "./sheet.ts";

function pidsOf(s: State, space: number): string {
  const pids: number[] = [];
  for (const p of liveRows(s.process)) {
    if (s.process.space[p] === space) pids.push(s.process.pid[p]);
  }
  return pids.length === 0 ? "-" : pids.join(",");
}

function spaceRow(s: State, space: number): readonly Cell[] {
  const a = s.addressSpace;
  return [
    space,
    pidsOf(s, space),
    a.asid[space],
    a.regions[space],
    a.resident[space],
    a.tables[space],
    `0x${(a.heapStart[space] * 4096).toString(16)}`,
    `0x${a.heapEndBytes[space].toString(16)}`,
    hartSet(a.ranOnLo[space], a.ranOnHi[space], s.kernel.harts[ONE]),
    a.operation[space] === 0 ? "-" : threadName(s, a.operation[space]),
    a.dying[space] === 1 ? "dying" : "",
  ];
}

/** Every address space, and the frames there are. */
export function memoryView(s: State): Sheet {
  const m = s.memory;
  return {
    columns: [
      "space",
      "pids",
      "asid",
      "regions",
      "pages",
      "tables",
      "heap",
      "break",
      "ran on",
      "held by",
      "state",
    ],
    rows: [...liveRows(s.addressSpace)].map((space) => spaceRow(s, space)),
    facts: {
      frames: `${m.totalFrames[ONE]}, of which ${m.backingSlots[ONE]} can have backing`,
      backed: `${m.backed[ONE]}, of which ${m.freeFrames[ONE]} are free`,
      "being released": m.releasedFrames[ONE],
    },
    none: "no address spaces",
  };
}
