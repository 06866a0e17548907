/**
 * Where everything of the machine lies in its one linear memory (DESIGN.md §4, Memory). All
 * offsets are bytes; a linear address is an unsigned 32-bit byte address in that memory, a linear
 * page number is the address divided by 4,096.
 */

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;

/** Pages of 64 KiB in the machine's memory: all of what 32-bit addresses reach. */
export const MEMORY_WASM_PAGES = 65_536;
const MEMORY_BYTES = MEMORY_WASM_PAGES * 65_536;

/** Guest-physical address of the first byte of RAM, and the most RAM there can be. */
export const RAM_BASE = 0x8000_0000;
export const MAX_RAM_BYTES = 64 * 1024 ** 3;

export const MAX_HARTS = 64;

/** Cells of the whole machine: byte offsets in linear memory. */
export const MACHINE_CELL = {
  /** u64: the highest time any hart has read (virtual ticks). */
  highestTimeRead: 64,
  /** u32: counts events that changed or dropped decoded code. */
  codeEpoch: 72,
  /**
   * u64: names the translations that the running hart's space has now: another number after any of
   * them has been taken back, in a space and for ever.
   */
  epoch: 80,
  /** u64: the valid bit and the running hart's space, as in a TLB's tags. */
  tag: 88,
  /** u32: what the running hart's space is mixed into the places of its TLB entries with. */
  mix: 96,
} as const;

/**
 * Where jumps by register led last: u32 numbers of regions, by the low bits of the target's address.
 * They lie behind the machine's own cells, at a fixed address.
 */
export const JUMP_CACHE = { base: 4096, bytes: 32_768 } as const;

/**
 * What a compiled region keeps from one run to the next, at fixed addresses. Behind these cells
 * lie its exits, a u32 each: the number of the region it goes on to, 0 while none is known. Then
 * what it remembers of pages, one {@link PAGE_CELL} for each register it accesses memory by.
 */
export const REGION_DATA = {
  /** u64: the epoch in which the region's pages were looked at last, and page cells emptied. */
  epoch: 0,
  /** u32: linear address of the page cells, and their bytes. */
  pageCells: 8,
  pageCellBytes: 12,
  exits: 16,
} as const;

/** Fields of a page cell. */
export const PAGE_CELL = {
  bytes: 32,
  /** u64: a guest page's address. */
  page: 0,
  /** u64: how far into it an access may begin, plus one; 0 while nothing is known. */
  limit: 8,
  /** u64: the same for a group of accesses. */
  groupLimit: 16,
  /** u32: what to add to the low half of a guest address to get the linear one. */
  addend: 24,
  /** u32: how often another page was accessed than before. */
  misses: 28,
} as const;

/** Misses of a page cell after which somebody should have a look at it. */
export const MANY_MISSES = 256;

/** Bytes for what all regions keep. */
const REGION_DATA_BYTES = 16 * 2 ** 20;

/** Fields of a hart block: byte offsets from {@link hartBlock}. */
export const HART = {
  /** u32, written by the loop: linear address of the current thread's register slot. */
  registers: 0,
  /** u32, written by the loop: physical page number of the root page table. */
  rootPpn: 4,
  /** u32, written by the loop: address-space id, below 2^{@link ASID_BITS}. */
  asid: 8,
  /** u32: instructions retired by the latest run. */
  executed: 12,
  /** u64, written by the loop before each run: the hart's clock in virtual ticks. */
  clockAtEntry: 16,
  /** u64: instructions retired since the machine was made (the instret counter). */
  retired: 24,
  /** u32: exception code of the latest trap or failed translation (privileged ISA, scause). */
  cause: 32,
  /** u32: bytes covered by the LR reservation, 0 for none. The loop clears it. */
  reservationSize: 36,
  /** u64: trap value of the latest trap or failed translation (stval). */
  tval: 40,
  /** u32: linear address of the LR reservation. */
  reservation: 48,
  /** u32: budget that was left when the latest run last came back to the interpreter. */
  interpretedFrom: 52,
  /** u32: low half of the address of the jump by register that compiled code was left by last. */
  jumpedFrom: 56,
  /** u32: budget that was left when the latest run first entered compiled code; 0 if it did not. */
  enteredWith: 60,
  /** 16 bytes that hold the value of a load that crosses pages. */
  bounce: 64,
  /** u32: linear address of the exit that compiled code was left by, which asks to be linked, or 0. */
  leftBy: 80,
  /** u64: where the latest run began. */
  startedAt: 88,
  readTlb: 4096,
  writeTlb: 20_480,
  execTlb: 36_864,
} as const;

export const HART_BLOCK_BYTES = 53_248;

/** Width of an address-space id in the soft TLBs and in satp. */
export const ASID_BITS = 11;
/** Set in the tag of every entry in use, beside the asid below it. */
export const TLB_VALID = 1 << ASID_BITS;

export const TLB_ENTRIES = 1024;
export const TLB_ENTRY_BYTES = 16;

/** Bits of the byte offset of an entry in its TLB. */
export const TLB_OFFSET_MASK = (TLB_ENTRIES - 1) * TLB_ENTRY_BYTES;
/**
 * An entry's offset is that of its page number, xor its asid times this: programs have their pages
 * at the same addresses, and two that take turns on a hart would put out each other's entries.
 */
export const TLB_MIX = 37 * TLB_ENTRY_BYTES;

/** Byte offset in a TLB of the entry for the page whose address has this low half. */
export function tlbOffset(vaLow: number, asid: number): number {
  return ((vaLow >>> (PAGE_SHIFT - 4)) ^ (asid * TLB_MIX)) & TLB_OFFSET_MASK;
}

/** Fields of a TLB entry. Data TLBs hold an addend, the exec TLB a decode slot's address. */
export const TLB_ENTRY = {
  /** u64: page address | TLB_VALID | asid; 0 when empty. */
  tag: 0,
  /** u32: what to add to the low 32 bits of a guest address to get the linear address. */
  addend: 8,
  /** u32: linear address of the decode slot. */
  slot: 8,
  /** u32: linear page number of the page. */
  linearPage: 12,
} as const;

/** A thread's register slot: register i is the u64 at 8·i. */
export const REGISTER_SLOT_BYTES = 1024;
export const REGISTER = {
  /** x0…x31; x0 always holds zero. */
  x0: 0,
  /** f0…f31, singles NaN-boxed. */
  f0: 32,
  /** Takes what instructions write to x0. */
  sink: 64,
  pc: 65,
  /** frm << 5 | fflags. */
  fcsr: 66,
} as const;

/** Bytes of one IR op, and the fields in it. */
export const OP_BYTES = 16;
export const OP = {
  /** u16: opcode, 0 = not decoded. */
  code: 0,
  /** u16 each: byte offsets in the register slot of the operands. */
  a: 2,
  b: 4,
  c: 6,
  /** i32: immediate; for jumps inside the page the distance to the target op in bytes. */
  immediate: 8,
  /** u16: bytes to the op of the next instruction, 8 per instruction byte. */
  next: 12,
  d: 14,
} as const;

const OPS_PER_PAGE = PAGE_SIZE / 2;

/**
 * A decode slot: the decoded form of one code page. One op per halfword, a sentinel op behind the
 * last, then what an instruction needs that begins in this page and ends in the next.
 */
export const DECODE_SLOT = {
  sentinel: OPS_PER_PAGE * OP_BYTES,
  /** The op of the page-crossing instruction, 32 bytes before its own sentinel. */
  crossing: (OPS_PER_PAGE + 1) * OP_BYTES,
  crossingSentinel: (OPS_PER_PAGE + 3) * OP_BYTES,
  /** u32: the instruction bits that `crossing` was decoded from. */
  crossingBits: (OPS_PER_PAGE + 4) * OP_BYTES,
  /** u32: linear page number of the code page, 0 when the slot is free. */
  owner: (OPS_PER_PAGE + 4) * OP_BYTES + 4,
} as const;
export const DECODE_SLOT_BYTES = (OPS_PER_PAGE + 8) * OP_BYTES;

/** What decides a layout. */
export interface LayoutConfig {
  /** 1 … {@link MAX_HARTS}. */
  readonly harts: number;
  /** Number of thread register slots. */
  readonly threads: number;
  /** Size of the kernel arena. */
  readonly arenaBytes: number;
  /** Size of guest-physical RAM, a multiple of the page size. */
  readonly ramBytes: number;
  /** Number of decoded pages kept, at least 2. */
  readonly decodeSlots: number;
  /** Number of frames that can have backing at one time. */
  readonly backingFrames: number;
}

/** The regions of linear memory: byte offsets, and the counts they were made for. */
export interface MachineLayout extends LayoutConfig {
  readonly hartBase: number;
  readonly registerBase: number;
  readonly arenaBase: number;
  /** u32 per frame of RAM: the linear page number that holds its bytes, 0 = no backing. */
  readonly frameMapBase: number;
  readonly frameCount: number;
  /** One byte per linear page: 1 when it may have been written since the loop cleared it. */
  readonly dirtyBase: number;
  /** u32 per linear page: linear address of its decode slot, 0 = not decoded. */
  readonly codeIndexBase: number;
  readonly decodeBase: number;
  /** u32 per op of the decode slots: its region's number, or how often one was left for it. */
  readonly regionCellBase: number;
  /** What regions keep (see `REGION_DATA`), up to `regionDataEnd`. */
  readonly regionDataBase: number;
  readonly regionDataEnd: number;
  /** Slot i of the backing pool lies at `backingBase + i * PAGE_SIZE`; slot 0 stays unused. */
  readonly backingBase: number;
  readonly end: number;
}

const LINEAR_PAGES = MEMORY_BYTES / PAGE_SIZE;

/** Lays the machine out. Throws a RangeError when a count is out of bounds or nothing fits. */
export function makeLayout(config: LayoutConfig): MachineLayout {
  check(config.harts, 1, MAX_HARTS, "harts");
  check(config.threads, 1, 1 << 20, "thread slots");
  check(config.arenaBytes, 0, MEMORY_BYTES, "arena bytes");
  check(config.ramBytes, PAGE_SIZE, MAX_RAM_BYTES, "bytes of RAM");
  check(config.decodeSlots, 2, 1 << 16, "decode slots");
  check(config.backingFrames, 1, LINEAR_PAGES, "backing frames");
  if (config.ramBytes % PAGE_SIZE !== 0) throw new RangeError("RAM is not a whole number of pages");

  // The first 64 KiB hold the machine's own cells, so that linear page 0 can mean "none".
  let end = 65_536;
  const region = (bytes: number, align: number): number => {
    const base = Math.ceil(end / align) * align;
    end = base + bytes;
    return base;
  };
  const hartBase = region(config.harts * HART_BLOCK_BYTES, PAGE_SIZE);
  const registerBase = region(config.threads * REGISTER_SLOT_BYTES, PAGE_SIZE);
  const arenaBase = region(config.arenaBytes, 65_536);
  const frameCount = config.ramBytes / PAGE_SIZE;
  const frameMapBase = region(frameCount * 4, PAGE_SIZE);
  const dirtyBase = region(LINEAR_PAGES, PAGE_SIZE);
  const codeIndexBase = region(LINEAR_PAGES * 4, PAGE_SIZE);
  const decodeBase = region(config.decodeSlots * DECODE_SLOT_BYTES, PAGE_SIZE);
  const regionCellBase = region(config.decodeSlots * DECODE_SLOT_BYTES / 4, PAGE_SIZE);
  const regionDataBase = region(REGION_DATA_BYTES, PAGE_SIZE);
  const backingBase = region((config.backingFrames + 1) * PAGE_SIZE, PAGE_SIZE);
  // The last 64 KiB stay unused, so that no offset of an access leads beyond the memory.
  if (end > MEMORY_BYTES - 65_536) {
    throw new RangeError(`machine needs ${end} bytes of linear memory, limit ${MEMORY_BYTES}`);
  }
  return {
    harts: config.harts,
    threads: config.threads,
    arenaBytes: config.arenaBytes,
    ramBytes: config.ramBytes,
    decodeSlots: config.decodeSlots,
    backingFrames: config.backingFrames,
    hartBase,
    registerBase,
    arenaBase,
    frameMapBase,
    frameCount,
    dirtyBase,
    codeIndexBase,
    decodeBase,
    regionCellBase,
    regionDataBase,
    regionDataEnd: regionDataBase + REGION_DATA_BYTES,
    backingBase,
    end,
  };
}

/** Linear address of a hart's block. */
export function hartBlock(layout: MachineLayout, hart: number): number {
  return layout.hartBase + hart * HART_BLOCK_BYTES;
}

/** Linear address of a thread's register slot. */
export function registerSlot(layout: MachineLayout, thread: number): number {
  return layout.registerBase + thread * REGISTER_SLOT_BYTES;
}

function check(value: number, low: number, high: number, what: string): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${what}: ${value} is not in ${low}…${high}`);
  }
}
