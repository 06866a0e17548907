import { back, f64, holds, owns, u16, u32, u8 } from "../state/column.ts";
import { table } from "../state/table.ts";

/** What a frame is used for; each role is an account of the ledger. */
export const FrameRole = {
  /** Backed but unused. */
  Free: 0,
  /** Private anonymous page, owned by its PTEs. */
  Anonymous: 1,
  /** Page of a memory object (file contents, shared memory). */
  Object: 2,
  /** Page-table page. */
  PageTable: 3,
  /** Page of a pipe or stream buffer. */
  Buffer: 4,
  /** Unmapped, waiting for TLB shootdown acknowledgements. */
  Quarantine: 5,
} as const;

/** A physical page frame with backing. Row = backing slot. */
export const frameTable = table("frame", {
  doc: "One row per backing slot ever used; frames never given backing are a counter.",
  capacity: 65536,
}, {
  pfn: u32("physical frame number less that of the start of memory"),
  role: u8("a FrameRole"),
  refs: u32("leaf PTEs + object page rows + device holds"),
  pageTable: owns("pageTable", "its bytes, when it is a page-table page"),
  next: owns("frame", "next in the free list or a quarantine list"),
});

/** Bytes of a page-table page, where both the reducer and the machine's walker read them. */
export const pageTableTable = table("pageTable", {
  doc: "One row per page-table page; 512 PTEs of two 32-bit words.",
  capacity: 32768,
}, {
  frame: back("frame", "frame whose bytes these are"),
  used: u32("PTEs with V set"),
  present: u32("which PTEs have V set, a bit each", { count: 16 }),
  entries: u32("the 512 PTEs, low word first", { count: 1024 }),
});

/** An address space. */
export const addressSpaceTable = table("addressSpace", {
  doc: "One row per address space: root table, ASID, regions.",
  capacity: 2047,
}, {
  refs: u32("processes and capability nodes that hold it"),
  root: owns("frame", "frame of the root page table"),
  asid: u16("ASID, never 0"),
  asidEpoch: u32("epoch the ASID was given in"),
  firstRegion: owns("region", "region with the lowest address"),
  regions: u32("regions in the list"),
  heapStart: u32("first page of the brk heap"),
  heapEndBytes: f64("current program break, bytes"),
  mmapTop: u32("page below which the next mapping without address is sought"),
  stackTop: u32("page after the initial stack"),
  ranOnLo: u32("harts 0 to 31 it ran on since its last flush, a bit each"),
  ranOnHi: u32("harts 32 to 63"),
  operation: back("thread", "thread that holds the operation slot"),
  waitHead: back("waiter", "first waiter for the operation slot"),
  waitTail: back("waiter", "last waiter for the operation slot"),
  inhabited: u8("an Inhabited: whether a process may be started in it"),
  dying: u8("1 while being drained"),
  nextDying: owns("addressSpace", "next space being drained that nothing holds"),
  resident: u32("leaf PTEs present"),
  tables: u32("page-table pages, the root included"),
});

/** Whether a process uses an address space. */
export const Inhabited = {
  /** Made for a process, or was used by one. */
  Once: 0,
  /** Made by a native call and not used yet. */
  Never: 1,
} as const;

/** Protection bits of a region. */
export const Prot = { Read: 1, Write: 2, Execute: 4 } as const;

/** Flags of a region. */
export const RegionFlag = {
  Shared: 1,
  /** Grows down on a fault just below it (the stack). */
  GrowsDown: 2,
  /** The brk heap. */
  Heap: 4,
} as const;

/** A mapping of part of a memory object. */
export const regionTable = table("region", {
  doc: "One row per mapping, in address order within its space.",
  capacity: 65536,
}, {
  space: back("addressSpace", "space it belongs to"),
  next: owns("region", "region with the next higher address"),
  start: u32("first page"),
  end: u32("page after the last"),
  prot: u8("Prot bits"),
  maxProt: u8("Prot bits that mprotect may give it"),
  flags: u8("RegionFlag bits"),
  object: holds("memoryObject", "object mapped; the zero object for private anonymous memory"),
  objectPage: u32("page of the object at start"),
  fileBytes: f64("bytes from start that come from the object; the rest reads zero"),
  node: back("capNode", "capability it was mapped through; 0 for the space's own"),
  nextOfNode: back("region", "next older mapping through the same capability"),
  previousOfNode: back("region", "next newer one"),
});

/** Kinds of memory object. */
export const ObjectKind = { Zero: 1, Anonymous: 2, File: 3, Buffer: 4 } as const;

/** The only thing a region can map. */
export const memoryObjectTable = table("memoryObject", {
  doc: "One row per memory object; its pages are objectPage rows.",
  capacity: 16384,
}, {
  kind: u8("an ObjectKind"),
  refs: u32("regions, inodes, pipes, streams and capability nodes that hold it"),
  firstPage: owns("objectPage", "first of its pages, newest first"),
  pages: u32("page rows"),
  hostFile: u32("id of the host file its contents come from plus one; 0 for none"),
  hostBytes: f64("bytes that come from that host file"),
  sizePages: u32("pages it has, holes included; a mapping beyond them is SIGBUS"),
  failed: u8("1 once the host could not deliver a chunk"),
  dying: u8("1 while being drained"),
  nextDying: owns("memoryObject", "next object being drained"),
});

/** One page of a memory object. */
export const objectPageTable = table("objectPage", {
  doc: "Maps (object, index) to a frame.",
  capacity: 262144,
}, {
  object: back("memoryObject", "object it belongs to"),
  index: u32("page index in the object"),
  frame: holds("frame", "frame with the contents"),
  next: owns("objectPage", "next page of the same object"),
  previous: back("objectPage", "previous page of the same object"),
  hashNext: back("objectPage", "next in the hash bucket", { role: "derived" }),
});

/** Buckets of the (object, index) hash. */
export const PAGE_BUCKETS = 16384;

/** A TLB shootdown waiting for acknowledgements. */
export const shootdownTable = table("shootdown", {
  doc: "One row per shootdown in flight: harts still to answer, frames in quarantine.",
  capacity: 4096,
  root: true,
}, {
  space: back("addressSpace", "space whose translations go"),
  waitingLo: u32("harts 0 to 31 still to acknowledge"),
  waitingHi: u32("harts 32 to 63"),
  firstFrame: owns("frame", "quarantined frames, linked by frame.next"),
  lastFrame: back("frame", "last of them"),
  frames: u32("frames in quarantine here"),
  waitHead: back("waiter", "the thread that waits for the last acknowledgement"),
  waitTail: back("waiter", "the same"),
  sequence: f64("how many were sent before it", { role: "history" }),
  next: owns("shootdown", "next older in flight"),
  previous: back("shootdown", "next newer in flight"),
});

/** Singletons of memory management. */
export const memoryTable = table("memory", {
  doc: "One row: the frame pool, the ASID allocator, derived lookup buckets.",
  capacity: 1,
  root: true,
}, {
  totalFrames: u32("physical frames configured"),
  backingSlots: u32("frames that can have backing at once"),
  reserve: u32("frames kept for init and teardown"),
  backed: u32("highest backing slot used so far"),
  freeHead: owns("frame", "oldest freed frame"),
  freeTail: back("frame", "newest freed frame"),
  freeFrames: u32("frames in the free list"),
  zeroObject: owns("memoryObject", "the object every private anonymous region maps"),
  nextAsid: u32("ASID to try next"),
  asidEpoch: u32("advances when ASIDs are recycled; harts flush when they see it", {
    role: "history",
  }),
  asidUsed: u32("one bit an ASID held by a live space or retired in this epoch", { count: 64 }),
  asidRetired: u32("one bit an ASID retired until the next epoch", { count: 64 }),
  firstShootdown: owns("shootdown", "newest shootdown in flight"),
  shootdowns: f64("shootdowns sent so far", { role: "history" }),
  releasedHead: owns("frame", "frames whose quarantine has ended, not yet in the free list"),
  releasedTail: back("frame", "last of them"),
  releasedFrames: u32("frames in that list"),
  firstDying: owns("memoryObject", "objects nothing holds, being drained"),
  firstDyingSpace: owns("addressSpace", "spaces nothing holds, being drained"),
  pageBucket: back("objectPage", "(object, index) hash buckets", {
    count: PAGE_BUCKETS,
    role: "derived",
  }),
});
