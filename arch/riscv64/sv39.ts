/** Sv39 (privileged ISA manual, "Sv39: Page-Based 39-bit Virtual-Memory System"). */
export const SV39 = {
  levels: 3,
  /** Address bits that index one level's table. */
  indexBits: 9,
  /** Bits of a canonical virtual address; those above repeat the highest. */
  addressBits: 39,
  ppnShift: 10,
  ppnBits: 44,
} as const;

/** Bits of a page-table entry; those from `reservedShift` up must be zero here. */
export const PTE = {
  valid: 1,
  read: 2,
  write: 4,
  execute: 8,
  user: 16,
  global: 32,
  accessed: 64,
  dirty: 128,
  reservedShift: 54,
} as const;

/** Exception codes (privileged ISA manual, table of scause values). */
export const CAUSE = {
  fetchAccess: 1,
  illegalInstruction: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  loadAccess: 5,
  storeMisaligned: 6,
  storeAccess: 7,
  userCall: 8,
  fetchPage: 12,
  loadPage: 13,
  storePage: 15,
} as const;
