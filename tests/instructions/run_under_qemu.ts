import { segmentsElf } from "../../arch/machine/test_elf.ts";
import type { Segment } from "../../arch/machine/test_elf.ts";
import { runChild, text } from "../child.ts";
import { type Batch, RECORD, slotWord } from "./batch.ts";
import {
  type Area,
  areas,
  EXECUTE,
  FLOW,
  FLOW_BYTES,
  HARNESS,
  HARNESS_DATA,
  PAGE,
  READ,
  RECORDS,
  SLOT,
  WRITE,
} from "./memory_map.ts";
import type { Outcome } from "./outcome.ts";
import { buildHarness, HARNESS_DATA_BYTES, type Hole } from "./qemu_harness.ts";
import { REGISTERS } from "./test_case.ts";

/** RV64GC with Zicsr and Zifencei and nothing more: what qemu's rv64 has beyond is turned off. */
const CPU = "rv64,zba=false,zbb=false,zbc=false,zbs=false";
const LIMIT_MS = 120_000;

let installed: boolean | undefined;

/** Whether qemu-riscv64 is there; says once that tests are skipped where it is not. */
export function hasQemu(): boolean {
  if (installed === undefined) {
    try {
      installed = new Deno.Command("qemu-riscv64", { args: ["--version"] }).outputSync().success;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      installed = false;
    }
    if (!installed) console.log("skipped: qemu-riscv64 is not installed");
  }
  return installed;
}

/**
 * The initial bytes of an area: its filler, and the code of cases with a fixed place; none where
 * all are zero.
 */
function areaBytes(area: Area, batch: Batch): Uint8Array {
  if (area.fill === 0) return new Uint8Array(0);
  const bytes = new Uint8Array(area.pages * PAGE);
  new Uint16Array(bytes.buffer).fill(area.fill);
  const end = area.address + bytes.length;
  for (const { test, code, bytes: instructions } of batch.cases) {
    if (test.place.kind !== "fixed") continue;
    instructions.forEach((byte, i) => {
      if (code + i >= area.address && code + i < end) bytes[code + i - area.address] = byte;
    });
  }
  return bytes;
}

function recordBytes(batch: Batch, loaders: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(batch.cases.length * batch.recordBytes);
  const view = new DataView(bytes.buffer);
  batch.cases.forEach(({ test, code, registers, bytes: instructions }, index) => {
    const at = index * batch.recordBytes;
    const put = (field: number, value: number): void =>
      view.setBigUint64(at + field, BigInt(value), true);
    registers.forEach((half, i) => view.setUint32(at + RECORD.in + i * 4, half, true));
    put(RECORD.code, code);
    put(RECORD.loader, loaders[test.spare]!);
    if (test.window !== undefined) {
      put(RECORD.window, test.window.address);
      put(RECORD.windowBytes, test.window.bytes.length);
      bytes.set(test.window.bytes, at + RECORD.windowIn);
    }
    if (test.place.kind === "slot") {
      put(RECORD.patch, SLOT);
      put(RECORD.word, slotWord(instructions));
    }
  });
  return bytes;
}

function wholePages(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(bytes.length / PAGE) * PAGE);
  padded.set(bytes);
  return padded;
}

function elfOf(batch: Batch): Uint8Array<ArrayBuffer> {
  const end = RECORDS + batch.cases.length * batch.recordBytes;
  const segment = (address: number, flags: number, bytes: Uint8Array): Segment => ({
    address,
    flags,
    bytes,
    size: bytes.length,
  });
  const rest = [
    // Whole pages, because qemu cannot clear the rest of a page that must not be written.
    { ...segment(FLOW, READ | EXECUTE, wholePages(batch.flow)), size: FLOW_BYTES },
    segment(HARNESS_DATA, READ | WRITE, new Uint8Array(HARNESS_DATA_BYTES)),
    ...areas.map((area) => ({
      ...segment(area.address, area.flags, areaBytes(area, batch)),
      size: area.pages * PAGE,
    })),
  ];
  const places = [...rest.map(({ address, size }) => [address, size] as const), [RECORDS, 0]]
    .sort(([a], [b]) => a! - b!) as [number, number][];
  const holes = places.slice(1).map(([address], i): Hole => {
    const end = places[i]![0] + Math.ceil(places[i]![1] / PAGE) * PAGE;
    return [end, address - end];
  }).filter(([, bytes]) => bytes > 0);
  const harness = buildHarness(end, batch.recordBytes, batch.windowBytes, holes);
  return segmentsElf(harness.entry, [
    segment(HARNESS, READ | EXECUTE, harness.bytes),
    ...rest,
    segment(RECORDS, READ | WRITE, recordBytes(batch, harness.loaders)),
  ]);
}

/** What one record says. */
function outcomeAt(batch: Batch, index: number, view: DataView): Outcome {
  const at = view.byteOffset + index * batch.recordBytes;
  const field = (offset: number): bigint =>
    view.getBigUint64(index * batch.recordBytes + offset, true);
  const window = at + RECORD.windowIn + batch.windowBytes;
  const size = batch.cases[index]!.test.window?.bytes.length ?? 0;
  return {
    signal: Number(field(RECORD.signal)),
    code: Number(field(RECORD.signalCode)),
    address: field(RECORD.signalAddress),
    pc: field(RECORD.pc),
    registers: new Uint32Array(view.buffer, at + RECORD.out, 2 * REGISTERS),
    window: new Uint8Array(view.buffer, window, size),
  };
}

/** Runs a batch under qemu-riscv64. Throws when the program as a whole fails. */
export async function runUnderQemu(batch: Batch): Promise<Outcome[]> {
  const file = await Deno.makeTempFile({ prefix: "daybook-instructions-", suffix: ".elf" });
  try {
    await Deno.writeFile(file, elfOf(batch), { mode: 0o755 });
    const { status, stdout, stderr } = await runChild("qemu-riscv64", ["-cpu", CPU, file], {
      limitMs: LIMIT_MS,
    });
    const expected = batch.cases.length * batch.recordBytes;
    if (status !== 0 || stdout.length !== expected) {
      throw new Error(
        `qemu-riscv64: status ${status}, ${stdout.length} of ${expected} bytes, ${text(stderr)}`,
      );
    }
    // Registers are read as 32-bit words, so the bytes must lie on a word.
    const bytes = stdout.byteOffset % 8 === 0 ? stdout : stdout.slice();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return batch.cases.map((_, index) => outcomeAt(batch, index, view));
  } finally {
    await Deno.remove(file);
  }
}
