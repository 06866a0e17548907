/** How the columns of the kernel's tables are noted in footprints. */

/**
 * What changes places without a difference but in names: counters, books, and what lies free. Who
 * takes the last of anything would see the order; no configuration takes so much. What was only
 * done before, and what is only scratch within an event, nobody reads.
 */
export const SILENT: ReadonlySet<string> = new Set([
  // Names that are left, and names given.
  "kernel.nextPid",
  "kernel.tidsGiven",
  "fileSystem.nextNumber",
  "memory.nextAsid",
  "memory.asidUsed",
  "memory.asidRetired",
  "memory.asidEpoch",
  "hart.asidEpoch",
  "addressSpace.asidEpoch",
  // What lies free.
  "memory.freeHead",
  "memory.freeTail",
  "memory.freeFrames",
  "memory.backed",
  "frame.next",
  // Books, counters and times of the past.
  "account.balance",
  "kernel.lastOrder",
  "kernel.now",
  "kernel.timerSequence",
  "hart.lastSequence",
  "hart.lastTime",
  "hart.switches",
  "hart.given",
  "hart.longestWait",
  "thread.timerSequence",
  "thread.intervalSequence",
  "thread.userTime",
  "thread.readySince",
  "process.userTime",
  "process.childTime",
  "waiter.generation",
  "memory.shootdowns",
  "shootdown.sequence",
  "inode.accessed",
  "inode.modified",
  "inode.changed",
  // Found by a number that whoever looks was given by the one it names.
  "kernel.pidBucket",
  "kernel.tidBucket",
  "process.pidNext",
  "thread.tidNext",
  // Scratch.
  "kernel.execInode",
  "kernel.execScript",
  "kernel.execOld",
  "fileSystem.walkParent",
  "fileSystem.walkInode",
  "fileSystem.walkAt",
  "fileSystem.walkLength",
  "fileSystem.walkInEffects",
  "fileSystem.walkSteps",
  "fileSystem.walkLinks",
  "fileSystem.walkSlash",
  "fileSystem.walkLast",
  "fileSystem.walkKeep",
  "fileSystem.walkBytes",
]);

/** What is noted where ASIDs may run out: which one is given then depends on who asks first. */
export const ASIDS: readonly string[] = [
  "memory.nextAsid",
  "memory.asidUsed",
  "memory.asidRetired",
];

/**
 * Columns that find a row by a key, each with what it is noted as: to look in vain is to read, too,
 * and in which bucket says more of rows' numbers than of the key.
 */
export const LOOKUPS: ReadonlyMap<string, string> = new Map([
  ["memory.pageBucket", "pages"],
  ["objectPage.hashNext", "pages"],
  ["fileSystem.nameBucket", "names"],
  ["directoryEntry.hashNext", "names"],
  ["kernel.futexBucket", "futexes"],
  ["futex.hashNext", "futexes"],
]);

/**
 * Counters that are only ever counted up and down by statements of their own: whoever wants to know
 * what they come to reads them, and that is noted.
 */
export const COUNTERS: ReadonlySet<string> = new Set([
  "hart.assigned",
  "capNode.children",
  "pipe.readers",
  "pipe.writers",
  "inode.writers",
  "addressSpace.regions",
  "addressSpace.tables",
  "addressSpace.resident",
  "pageTable.used",
  "frame.refs",
  "process.threads",
  "memoryObject.pages",
  "openFile.refs",
]);

/** Sets with a bit for each member, into and out of which members are put by `|=` and `&=`. */
export const SETS: ReadonlySet<string> = new Set([
  "kernel.hungryLo",
  "kernel.hungryHi",
  "addressSpace.ranOnLo",
  "addressSpace.ranOnHi",
  "pageTable.present",
]);

/** What every space holds from the start to the end: how many do is nobody's business. */
export const ZERO_OBJECT = 1;

/** Tables that are walked from their first row to their last. */
export const WALKED: ReadonlySet<string> = new Set(["process", "thread"]);
