import { CapKind, Right } from "../../../core/cap/tables.ts";
import type { State } from "../../../core/kernel.ts";
import { liveRows, wordOf } from "./names.ts";
import type { Cell, Sheet } from "./sheet.ts";

/** Rights as letters, "-" for one that is not there. */
function rightsOf(rights: number): string {
  return Object.entries(Right).map(([name, bit]) =>
    (rights & bit) === 0 ? "-" : name[0].toLowerCase()
  ).join("");
}

function depthOf(s: State, node: number): number {
  let depth = 0;
  for (let n = s.capNode.parent[node]; n !== 0; n = s.capNode.parent[n]) depth++;
  return depth;
}

function childrenOf(s: State, node: number): number {
  let count = 0;
  for (let n = s.capNode.firstChild[node]; n !== 0; n = s.capNode.nextSibling[n]) count++;
  return count;
}

function nodeRow(s: State, node: number): readonly Cell[] {
  const c = s.capNode;
  const space = c.space[node];
  return [
    node,
    space === 0 ? "-" : String(s.process.pid[space]),
    c.slot[node] === 0 ? "in flight" : String(c.slot[node] - 1),
    wordOf(CapKind, c.kind[node]),
    c.object[node],
    rightsOf(c.rights[node]),
    c.parent[node],
    depthOf(s, node),
    childrenOf(s, node),
  ];
}

/** Every capability: who may reach what by it, and what it was derived from. */
export function capsView(s: State): Sheet {
  return {
    columns: ["node", "pid", "slot", "kind", "object", "rights", "parent", "depth", "derived"],
    rows: [...liveRows(s.capNode)].map((node) => nodeRow(s, node)),
    none: "no capabilities",
  };
}
