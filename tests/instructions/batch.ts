import { codeBytes } from "../../arch/machine/test_elf.ts";
import { encode } from "../../arch/riscv64/encode.ts";
import { EXITS, FLOW, FLOW_BYTES, RECORDS, SLOT } from "./memory_map.ts";
import { REGISTERS, setRegister, SPARES } from "./test_case.ts";
import type { TestCase } from "./test_case.ts";

/** Bytes of a case's record: see `RECORD`; window sizes are a batch's. */
export const RECORD = {
  in: 0,
  /** u64 each: address of code, of the loader, of the window; its size; the slot's word. */
  code: 512,
  loader: 520,
  window: 528,
  windowBytes: 536,
  /** Address to patch, 0 for none, and the word. */
  patch: 544,
  word: 552,
  out: 576,
  /** u64 each: signal, si_code, si_addr, pc. */
  signal: 1088,
  signalCode: 1096,
  signalAddress: 1104,
  pc: 1112,
  windowIn: 1152,
} as const;

/** Exits are this far apart. */
export const EXIT_STEP = 4;
const BREAK = 0x9002;

/** A case with its place, as both sides run it. */
export interface PlacedCase {
  readonly test: TestCase;
  readonly record: number;
  readonly code: number;
  /** Registers as the case starts, spare ones filled. */
  readonly registers: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Cases that run one after the other. */
export interface Batch {
  readonly cases: readonly PlacedCase[];
  readonly windowBytes: number;
  readonly recordBytes: number;
  /** The code at `FLOW`. */
  readonly flow: Uint8Array;
}

/** Where a case that ran to its end goes. */
export const exitOf = (spare: number): number => EXITS + spare * EXIT_STEP;

/** Lays cases out. Throws when their code does not fit. */
export function makeBatch(cases: readonly TestCase[]): Batch {
  const windowBytes = Math.max(0, ...cases.map((test) => test.window?.bytes.length ?? 0));
  const recordBytes = RECORD.windowIn + 2 * windowBytes;
  const flow: number[] = [];
  const placed = cases.map((test, index): PlacedCase => {
    const record = RECORDS + index * recordBytes;
    let bytes = codeBytes(test.code);
    let code: number;
    if (test.place.kind === "flow") {
      code = FLOW + flow.length;
      for (const byte of bytes) flow.push(byte);
      const jump = encode("jal", { imm: exitOf(test.spare) - (FLOW + flow.length) });
      for (const byte of codeBytes([jump])) flow.push(byte);
    } else if (test.place.kind === "slot") {
      if (bytes.length > 4) throw new RangeError(`${test.name}: too long for the slot`);
      code = SLOT;
    } else {
      code = test.place.address;
      bytes = codeBytes([...test.code, BREAK]);
    }
    const registers = test.registers.slice(0, 2 * REGISTERS);
    const [pointer, address] = SPARES[test.spare]!;
    setRegister(registers, pointer, BigInt(record));
    setRegister(registers, address, BigInt(code));
    return { test, record, code, registers, bytes };
  });
  if (flow.length > FLOW_BYTES) throw new RangeError(`${flow.length} bytes of flowing code`);
  return { cases: placed, windowBytes, recordBytes, flow: Uint8Array.from(flow) };
}

/** The word that a slot case puts at `SLOT`. */
export function slotWord(bytes: Uint8Array): number {
  const word = bytes.length === 2
    ? bytes[0]! | (bytes[1]! << 8) | (BREAK << 16)
    : bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24);
  return word >>> 0;
}
