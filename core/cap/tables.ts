import { back, byKind, owns, type Target, u16, u32, u8 } from "../state/column.ts";
import { table } from "../state/table.ts";

/** Object types a capability may name. */
export const CapKind = {
  None: 0,
  OpenFile: 1,
  Process: 2,
  Thread: 3,
  Space: 4,
  Memory: 5,
  Channel: 6,
  Connection: 7,
  Notification: 8,
  Timer: 9,
  Irq: 10,
} as const;

/**
 * The table of each kind of object, and how a node binds a row of it. Processes and threads live
 * and die by rules of their own, so a node only remembers which one it names; every other object
 * lives as long as a node holds it. A kind without a table has no objects.
 */
export const objectTargets: Readonly<Record<number, Target>> = {
  [CapKind.OpenFile]: { table: "openFile", kind: "holds" },
  [CapKind.Process]: { table: "process", kind: "weak" },
  [CapKind.Thread]: { table: "thread", kind: "weak" },
  [CapKind.Space]: { table: "addressSpace", kind: "holds" },
  [CapKind.Memory]: { table: "memoryObject", kind: "holds" },
  [CapKind.Channel]: { table: "channel", kind: "holds" },
  [CapKind.Connection]: { table: "connection", kind: "holds" },
  [CapKind.Notification]: { table: "notification", kind: "holds" },
  [CapKind.Timer]: { table: "timer", kind: "holds" },
  [CapKind.Irq]: { table: "irq", kind: "holds" },
};

/** Rights of a capability; children have no more than their parent. */
export const Right = {
  Read: 1,
  Write: 2,
  Map: 4,
  /** May be derived from, copied and handed on. */
  Grant: 8,
  Send: 16,
  Receive: 32,
  /** May change the object itself: start, stop, destroy, install capabilities in it. */
  Control: 64,
  Execute: 128,
} as const;

/** What a node is besides a capability; bits. */
export const NodeFlag = {
  /** Deleted, and kept only because too many nodes were derived from it to move them at once. */
  Ghost: 1,
  /** Its descendants are being removed; nothing is derived below it meanwhile. */
  Revoking: 2,
  /** Carried by a message: in no process's space and without a name. */
  InFlight: 4,
} as const;

/** One way one process may reach one object. */
export const capNodeTable = table("capNode", {
  doc: "One row per capability: object, rights, place in the derivation tree and in its space.",
  capacity: 65536,
}, {
  kind: u8("a CapKind"),
  rights: u8("Right bits"),
  object: byKind("kind", objectTargets, "the object; the table is the one the kind names"),
  objectGeneration: u32("generation of the object, where the node does not hold it"),
  badge: u32("mark of whoever minted it, passed on to what is derived from it"),
  parent: back("capNode", "node it was derived from; 0 for an original"),
  firstChild: back("capNode", "newest node derived from it"),
  children: u32("nodes derived from it"),
  depth: u16("most nodes there can be above it"),
  nextSibling: back("capNode", "next older child of the same parent"),
  previousSibling: back("capNode", "next newer child"),
  space: back("process", "process whose namespace may name it; 0 for a ghost and in flight"),
  nextInSpace: owns("capNode", "next node of the same process, or next ghost"),
  previousInSpace: back("capNode", "previous node of the same process, or previous ghost"),
  slot: u32("descriptor that names it plus one, or name slot plus DESCRIPTORS plus one; else 0"),
  carrier: back("message", "message that carries it while in flight; 0 otherwise"),
  flags: u16("NodeFlag bits"),
  firstRegion: back("region", "newest mapping made through it"),
});

/** A word of bits that some set and others wait for. */
export const notificationTable = table("notification", {
  doc: "One row per notification: bits that were set and not taken, and who waits for them.",
  capacity: 4096,
}, {
  refs: u32("capability nodes that hold it"),
  bits: u32("bits set since somebody last took them"),
  waitHead: back("waiter", "first thread that waits for a bit"),
  waitTail: back("waiter", "last of them"),
});

/** Name slots in one page of them. */
export const PAGE_SLOTS = 64;

/** What a name of a process's native namespace stands for. */
export const NameKind = {
  Free: 0,
  /** A capability node. */
  Node: 1,
  /** A capability node that a message carries away; the name is kept in case it comes back. */
  Moving: 2,
  /** A capability node of a connection; its ids carry a bit of their own. */
  Connection: 3,
} as const;

/** Table of what each kind of name stands for; a name only remembers it. */
export const nameTargets: Readonly<Record<number, Target>> = {
  [NameKind.Node]: { table: "capNode", kind: "weak" },
  [NameKind.Moving]: { table: "capNode", kind: "weak" },
  [NameKind.Connection]: { table: "capNode", kind: "weak" },
};

/** A part of a process's native namespace. */
export const namePageTable = table("namePage", {
  doc: "One row per 64 name slots of a process: tokens, channel, connection and receive ids.",
  capacity: 4096,
}, {
  process: back("process", "process whose names they are"),
  kind: u8("a NameKind", { count: PAGE_SLOTS }),
  target: byKind("kind", nameTargets, "what the name stands for", { count: PAGE_SLOTS }),
  targetGeneration: u32("generation of that row", { count: PAGE_SLOTS }),
  lives: u32("names the slot has had before; part of every id it gives", { count: PAGE_SLOTS }),
  nextFree: u16("next free slot of the process plus one", { count: PAGE_SLOTS }),
});
