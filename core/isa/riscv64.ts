/**
 * What memory management must know of RV64, as data: page-table layout, PTE bits, trap causes
 * (RISC-V privileged ISA manual).
 */

/** Guest-physical page number of the first page of RAM. */
export const RAM_BASE_PAGE = 0x8_0000;

/** Sv39 (privileged ISA manual, "Sv39: Page-Based 39-bit Virtual-Memory System"). */
export const PageTableLayout = {
  levels: 3,
  /** Address bits that index one level's table. */
  indexBits: 9,
  /** PTEs of a table. */
  entries: 512,
  /** Bit of the PTE where the physical page number begins. */
  pageNumberShift: 10,
} as const;

/** Bits of a PTE, all in its low word. */
export const Pte = {
  Valid: 1,
  Read: 2,
  Write: 4,
  Execute: 8,
  User: 16,
  Global: 32,
  Accessed: 64,
  Dirty: 128,
} as const;

/** Page after the last user page: the lower half of the canonical 39-bit addresses. */
export const USER_END_PAGE = 1 << 26;

/** Synchronous trap causes (scause) the kernel sees. */
export const Cause = {
  FetchAccess: 1,
  IllegalInstruction: 2,
  Breakpoint: 3,
  LoadMisaligned: 4,
  LoadAccess: 5,
  StoreMisaligned: 6,
  StoreAccess: 7,
  UserCall: 8,
  FetchPage: 12,
  LoadPage: 13,
  StorePage: 15,
} as const;
