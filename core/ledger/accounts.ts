/**
 * The accounts of the ledger. A resource is a group of accounts whose balances have a constant sum;
 * its first account is where unused units lie.
 */
export const Account = {
  None: 0,
  FrameUnbacked: 1,
  FrameFree: 2,
  FrameAnonymous: 3,
  FrameObject: 4,
  FramePageTable: 5,
  FrameBuffer: 6,
  FrameQuarantine: 7,
  FrameRefFree: 8,
  FrameRefUsed: 9,
  BackingFree: 10,
  BackingUsed: 11,
  PageTableFree: 12,
  PageTableUsed: 13,
  ThreadFree: 14,
  ThreadUsed: 15,
  ProcessFree: 16,
  ProcessUsed: 17,
  SpaceFree: 18,
  SpaceUsed: 19,
  AsidFree: 20,
  AsidUsed: 21,
  AsidRetired: 22,
  RegionFree: 23,
  RegionUsed: 24,
  ObjectFree: 25,
  ObjectUsed: 26,
  ObjectPageFree: 27,
  ObjectPageUsed: 28,
  ShootdownFree: 29,
  ShootdownUsed: 30,
  NodeFree: 31,
  NodeUsed: 32,
  OpenFileFree: 33,
  OpenFileUsed: 34,
  PipeFree: 35,
  PipeUsed: 36,
  PipeBytesFree: 37,
  PipeBytesHeld: 38,
  InodeFree: 39,
  InodeUsed: 40,
  ImageFree: 41,
  ImageUsed: 42,
  EntryFree: 43,
  EntryUsed: 44,
  NameChunkFree: 45,
  NameChunkUsed: 46,
  ChunkRequestFree: 47,
  ChunkRequestUsed: 48,
  WaiterFree: 49,
  WaiterUsed: 50,
  TimerFree: 51,
  TimerArmed: 52,
  DescriptorFree: 53,
  DescriptorUsed: 54,
  SignalSource: 55,
  SignalPending: 56,
  SignalConsumed: 57,
  SignalDiscarded: 58,
  IpiSource: 59,
  IpiPending: 60,
  IpiTaken: 61,
  RequestSource: 62,
  RequestPending: 63,
  RequestAnswered: 64,
  RequestDiscarded: 65,
  HartTimeSource: 66,
  HartTimeBusy: 67,
  HartTimeIdle: 68,
  SlotUsable: 69,
  SlotRetired: 70,
  NameFree: 71,
  NameUsed: 72,
  NameRetired: 73,
  NamePageFree: 74,
  NamePageUsed: 75,
  FutexFree: 80,
  FutexUsed: 81,
} as const;

/** A resource of the ledger. */
export interface Resource {
  readonly name: string;
  /** What one unit is. */
  readonly unit: string;
  /** `stock`: at closing every balance equals its baseline. `flow`: nothing is left pending. */
  readonly kind: "stock" | "flow";
  readonly accounts: readonly (keyof typeof Account)[];
  /** Stock accounts that may differ from the baseline at closing, with the reason. */
  readonly permanent?: string;
}

/** Every resource, in the order of the closing table. */
export const resources: readonly Resource[] = [
  {
    name: "frames by role",
    unit: "frame",
    kind: "stock",
    accounts: [
      "FrameUnbacked",
      "FrameFree",
      "FrameAnonymous",
      "FrameObject",
      "FramePageTable",
      "FrameBuffer",
      "FrameQuarantine",
    ],
    permanent: "a frame once backed stays backed: unbacked frames become free ones",
  },
  {
    name: "frame references",
    unit: "reference",
    kind: "stock",
    accounts: ["FrameRefFree", "FrameRefUsed"],
  },
  {
    name: "backing slots",
    unit: "slot",
    kind: "stock",
    accounts: ["BackingFree", "BackingUsed"],
    permanent: "a slot once used stays with its frame",
  },
  {
    name: "page-table pages",
    unit: "page",
    kind: "stock",
    accounts: ["PageTableFree", "PageTableUsed"],
  },
  { name: "thread slots", unit: "slot", kind: "stock", accounts: ["ThreadFree", "ThreadUsed"] },
  {
    name: "processes",
    unit: "process",
    kind: "stock",
    accounts: ["ProcessFree", "ProcessUsed"],
  },
  { name: "address spaces", unit: "space", kind: "stock", accounts: ["SpaceFree", "SpaceUsed"] },
  {
    name: "ASIDs",
    unit: "ASID",
    kind: "stock",
    accounts: ["AsidFree", "AsidUsed", "AsidRetired"],
    permanent: "an ASID retires until the next epoch",
  },
  { name: "regions", unit: "region", kind: "stock", accounts: ["RegionFree", "RegionUsed"] },
  {
    name: "memory objects",
    unit: "object",
    kind: "stock",
    accounts: ["ObjectFree", "ObjectUsed"],
  },
  {
    name: "object pages",
    unit: "page",
    kind: "stock",
    accounts: ["ObjectPageFree", "ObjectPageUsed"],
  },
  {
    name: "shootdowns",
    unit: "shootdown",
    kind: "stock",
    accounts: ["ShootdownFree", "ShootdownUsed"],
  },
  { name: "capability nodes", unit: "node", kind: "stock", accounts: ["NodeFree", "NodeUsed"] },
  {
    name: "open files",
    unit: "description",
    kind: "stock",
    accounts: ["OpenFileFree", "OpenFileUsed"],
  },
  { name: "pipes", unit: "pipe", kind: "stock", accounts: ["PipeFree", "PipeUsed"] },
  {
    name: "pipe bytes",
    unit: "byte",
    kind: "stock",
    accounts: ["PipeBytesFree", "PipeBytesHeld"],
  },
  { name: "inodes", unit: "inode", kind: "stock", accounts: ["InodeFree", "InodeUsed"] },
  { name: "images", unit: "image", kind: "stock", accounts: ["ImageFree", "ImageUsed"] },
  {
    name: "directory entries",
    unit: "entry",
    kind: "stock",
    accounts: ["EntryFree", "EntryUsed"],
  },
  {
    name: "name chunks",
    unit: "chunk",
    kind: "stock",
    accounts: ["NameChunkFree", "NameChunkUsed"],
  },
  {
    name: "chunk requests",
    unit: "request",
    kind: "stock",
    accounts: ["ChunkRequestFree", "ChunkRequestUsed"],
  },
  { name: "waiters", unit: "waiter", kind: "stock", accounts: ["WaiterFree", "WaiterUsed"] },
  { name: "timers", unit: "timer", kind: "stock", accounts: ["TimerFree", "TimerArmed"] },
  {
    name: "descriptors",
    unit: "descriptor",
    kind: "stock",
    accounts: ["DescriptorFree", "DescriptorUsed"],
  },
  {
    name: "signals",
    unit: "signal",
    kind: "flow",
    accounts: ["SignalSource", "SignalPending", "SignalConsumed", "SignalDiscarded"],
  },
  { name: "IPIs", unit: "IPI", kind: "flow", accounts: ["IpiSource", "IpiPending", "IpiTaken"] },
  {
    name: "host requests",
    unit: "request",
    kind: "flow",
    accounts: ["RequestSource", "RequestPending", "RequestAnswered", "RequestDiscarded"],
  },
  {
    // The machine splits busy time further, into user, kernel and debt, which it holds equal to
    // time x harts at every round; the reducer sees only who had the hart between two events.
    name: "hart time",
    unit: "ns",
    kind: "flow",
    accounts: ["HartTimeSource", "HartTimeBusy", "HartTimeIdle"],
  },
  { name: "futexes", unit: "futex", kind: "stock", accounts: ["FutexFree", "FutexUsed"] },
  {
    // Over all tables: a retired slot is among its table's unused rows, but nobody gets it again.
    name: "retired slots",
    unit: "slot",
    kind: "stock",
    accounts: ["SlotUsable", "SlotRetired"],
    permanent: "a slot whose generations are used up is never used again",
  },
  {
    // A name slot is retired in its own process alone, and comes back when that process goes.
    name: "native names",
    unit: "name",
    kind: "stock",
    accounts: ["NameFree", "NameUsed", "NameRetired"],
  },
  {
    name: "name pages",
    unit: "page",
    kind: "stock",
    accounts: ["NamePageFree", "NamePageUsed"],
  },
];

/** Units a resource without a natural total starts with. */
export const AMPLE = 2 ** 48;
