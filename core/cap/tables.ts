import { back, holds, owns, u16, u32, u8 } from "../state/column.ts";
import { table } from "../state/table.ts";

/** Object types a capability may name. */
export const CapKind = { None: 0, OpenFile: 1 } as const;

/** Rights of a capability; children have no more than their parent. */
export const Right = { Read: 1, Write: 2, Map: 4, Grant: 8 } as const;

/** A capability: one way one process may reach one object. */
export const capNodeTable = table("capNode", {
  doc: "One row per capability: object, rights, place in the derivation tree and in its space.",
  capacity: 65536,
}, {
  kind: u8("a CapKind"),
  rights: u8("Right bits"),
  object: holds("openFile", "the object; the table is the one the kind names"),
  parent: back("capNode", "node it was derived from; 0 for an original"),
  firstChild: back("capNode", "newest node derived from it"),
  nextSibling: back("capNode", "next older child of the same parent"),
  previousSibling: back("capNode", "next newer child"),
  space: back("process", "process whose namespace may name it"),
  nextInSpace: owns("capNode", "next node of the same process"),
  previousInSpace: back("capNode", "previous node of the same process"),
  slot: u32("descriptor that names it plus one; 0 while in flight"),
  flags: u16("reserved for derive and revoke"),
});
