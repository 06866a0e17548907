import { SIGNAL_CODE } from "./outcome.ts";

/**
 * The addresses of test programs, equal under qemu and on our engines. Everything lies below 2^31,
 * so that two instructions load any address.
 */

export const PAGE = 4096;

/** Access bits as in ELF. */
export const READ = 4, WRITE = 2, EXECUTE = 1;

/** Code that only qemu runs: it feeds cases and keeps what came out. */
export const HARNESS = 0xff_0000;
/** Where a case that ran to its end jumps, one address for each pair of spare registers. */
export const EXITS = HARNESS;
/** Cases whose place does not matter, one behind the other. */
export const FLOW = 0x100_0000;
export const FLOW_BYTES = 0xe_0000;
export const HARNESS_DATA = 0x200_0000;
/** One in and out record a case. */
export const RECORDS = 0x2000_0000;

/** Pages that exist for cases; all others are absent. */
export interface Area {
  readonly address: number;
  readonly pages: number;
  readonly flags: number;
  /** What every halfword holds at first. */
  readonly fill: number;
}

/** `c.ebreak` */
const BREAK = 0x9002;

/** Breakpoints around one place for an instruction that may jump; nothing else is within 2 MiB. */
const SLOT_FIELD = 0x400_0000;
const SLOT_PAGES = 4;
export const SLOT = SLOT_FIELD + (SLOT_PAGES / 2) * PAGE;

/** Boundaries between two pages: their address, and what lies below and above. */
export const BOUNDARY = {
  /** Two pages on each side, so that offsets of 12 bits stay inside. */
  writable: 0x800_2000,
  writableNone: 0x810_1000,
  writableReadable: 0x820_1000,
  noneWritable: 0x830_1000,
  readableWritable: 0x840_1000,
  noneNone: 0x850_1000,
} as const;

/** Ends of pages of code, each followed by a page that is executable, absent, or only data. */
export const STRADDLE = {
  executable: { first: 0xc00_1000, step: PAGE, count: 96 },
  absent: { first: 0xc80_1000, step: 2 * PAGE, count: 12 },
  data: { first: 0xd00_1000, step: 2 * PAGE, count: 12 },
} as const;

function boundaries(): Area[] {
  const area = (address: number, flags: number, pages = 1): Area => ({
    address,
    pages,
    flags,
    fill: 0,
  });
  const both = READ | WRITE;
  return [
    area(BOUNDARY.writable - 2 * PAGE, both, 4),
    area(BOUNDARY.writableNone - PAGE, both),
    area(BOUNDARY.writableReadable - PAGE, both),
    area(BOUNDARY.writableReadable, READ),
    area(BOUNDARY.noneWritable, both),
    area(BOUNDARY.readableWritable - PAGE, READ),
    area(BOUNDARY.readableWritable, both),
  ];
}

function straddles(): Area[] {
  const { executable, absent, data } = STRADDLE;
  const code = READ | WRITE | EXECUTE;
  const areas: Area[] = [{
    address: executable.first - PAGE,
    pages: executable.count + 1,
    flags: code,
    fill: BREAK,
  }];
  for (const { first, step, count } of [absent, data]) {
    for (let i = 0; i < count; i++) {
      const boundary = first + i * step;
      areas.push({ address: boundary - PAGE, pages: 1, flags: code, fill: BREAK });
      if (first === data.first) {
        areas.push({ address: boundary, pages: 1, flags: READ | WRITE, fill: BREAK });
      }
    }
  }
  return areas;
}

/** All areas of cases, apart from flowing code. */
export const areas: readonly Area[] = [
  { address: SLOT_FIELD, pages: SLOT_PAGES, flags: READ | WRITE | EXECUTE, fill: BREAK },
  ...boundaries(),
  ...straddles(),
];

/** The si_code of a segmentation fault at an address (unsigned). */
export function segmentationCode(address: bigint): number {
  const inside = (start: number, bytes: number): boolean =>
    address >= BigInt(start) && address < BigInt(start + bytes);
  const exists = areas.some((area) => inside(area.address, area.pages * PAGE)) ||
    inside(FLOW, FLOW_BYTES);
  return exists ? SIGNAL_CODE.accessError : SIGNAL_CODE.mapError;
}
