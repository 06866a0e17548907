/** Exception causes of RISC-V (Privileged Architecture, mcause/scause). */
export const cause = {
  fetchMisaligned: 0,
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
