import { CapKind, NodeFlag, Right } from "../../../core/cap/tables.ts";
import type { State } from "../../../core/kernel.ts";
import { DESCRIPTORS } from "../../../core/proc/tables.ts";
import { liveRows, wordOf } from "./names.ts";
import type { Cell, Sheet } from "./sheet.ts";

/** Letters of rights; two begin alike. */
const LETTERS: Readonly<Record<string, string>> = { Receive: "v", Execute: "x" };

/** Rights as letters: "rmg". */
function rightsOf(rights: number): string {
  const letters = Object.entries(Right).map(([name, bit]) =>
    (rights & bit) === 0 ? "" : LETTERS[name] ?? name[0].toLowerCase()
  );
  return letters.join("") || "-";
}

/** How its process names a node. */
function slotOf(s: State, node: number): string {
  const slot = s.capNode.slot[node] - 1;
  if (slot < 0) return "-";
  return slot < DESCRIPTORS ? `fd ${slot}` : `name ${slot - DESCRIPTORS}`;
}

function flagsOf(s: State, node: number): string {
  const flags = s.capNode.flags[node];
  const set = Object.entries(NodeFlag).filter(([, bit]) => (flags & bit) !== 0);
  return set.map(([, bit]) => wordOf(NodeFlag, bit)).join(", ");
}

function nodeRow(s: State, node: number): readonly Cell[] {
  const c = s.capNode;
  const space = c.space[node];
  return [
    node,
    space === 0 ? "-" : String(s.process.pid[space]),
    slotOf(s, node),
    wordOf(CapKind, c.kind[node]),
    c.object[node],
    rightsOf(c.rights[node]),
    c.badge[node],
    c.parent[node],
    c.depth[node],
    c.children[node],
    flagsOf(s, node),
  ];
}

/** Every capability: who may reach what by it, and what it was derived from. */
export function capsView(s: State): Sheet {
  return {
    columns: [
      "node",
      "pid",
      "slot",
      "kind",
      "object",
      "rights",
      "badge",
      "parent",
      "depth",
      "derived",
      "flags",
    ],
    rows: [...liveRows(s.capNode)].map((node) => nodeRow(s, node)),
    none: "no capabilities",
  };
}
