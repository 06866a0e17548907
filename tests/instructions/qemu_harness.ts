import { Assembler } from "./assembler.ts";
import { EXIT_STEP, RECORD } from "./batch.ts";
import { HARNESS, HARNESS_DATA, RECORDS } from "./memory_map.ts";
import { SPARES } from "./test_case.ts";

/**
 * The guest program that runs a batch under qemu: for each record it sets the window, the slot and
 * all registers, jumps to the case, and keeps what came out: from the exit of the case's spare pair
 * or from the signal that ended it. At the end it writes all records to its standard output.
 */
export interface Harness {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly entry: number;
  /** The loader of each spare pair. */
  readonly loaders: readonly number[];
}

// Data of the harness: the record in work, structures for system calls, the signal stack.
const CURRENT = HARNESS_DATA, ACTION = HARNESS_DATA + 64, STACK_INFO = HARNESS_DATA + 128;
const SCRATCH = HARNESS_DATA + 256;
const STACK = HARNESS_DATA + 0x1000, STACK_BYTES = 0x8000;
export const HARNESS_DATA_BYTES = 0x1000 + STACK_BYTES;

const SYSCALL = {
  write: 64,
  exit: 93,
  sigaltstack: 132,
  sigaction: 134,
  munmap: 215,
} as const;
const SIGNALS = [4, 5, 7, 8, 11];
// SA_SIGINFO, SA_ONSTACK and SA_NODEFER, so that nothing has to return from a handler.
const ACTION_FLAGS = 0x4800_0004;
/** Offset in Linux's ucontext of the registers: pc, x1…x31, f0…f31, fcsr. */
const MACHINE_CONTEXT = 176;

const A0 = 10, A1 = 11, A2 = 12, A3 = 13, A4 = 14, A5 = 15, A6 = 16, A7 = 17;

/** A run of pages that no segment has: address and bytes. */
export type Hole = readonly [address: number, bytes: number];

/** Builds the harness for a batch that ends at `recordsEnd`. */
export function buildHarness(
  recordsEnd: number,
  recordBytes: number,
  windowBytes: number,
  holes: readonly Hole[],
): Harness {
  const a = new Assembler(HARNESS);
  // Exits first: their addresses are fixed.
  SPARES.forEach((_, spare) => a.to(`save${spare}`, "jal"));
  if (EXIT_STEP !== 4) throw new Error("an exit is one jump");
  SPARES.forEach((pair, spare) => {
    loader(a, pair, spare);
    saver(a, pair, spare);
  });
  signalHandler(a);
  start(a, recordsEnd, holes);
  driver(a, recordBytes, windowBytes);
  return {
    bytes: a.bytes(),
    entry: a.addressOf("start"),
    loaders: SPARES.map((_, spare) => a.addressOf(`load${spare}`)),
  };
}

/** Record in a1 → all registers → the case. */
function loader(a: Assembler, [pointer, address]: readonly [number, number], spare: number): void {
  a.label(`load${spare}`).op("addi", { d: pointer, s1: A1 });
  a.op("ld", { d: address, s1: pointer, imm: RECORD.code });
  a.op("ld", { d: 1, s1: pointer, imm: RECORD.in }).op("csrrw", { s1: 1, imm: 3 });
  for (let f = 0; f < 32; f++) {
    a.op("fld", { d: f, s1: pointer, imm: RECORD.in + 256 + f * 8 });
  }
  for (let x = 1; x < 32; x++) {
    if (x !== pointer && x !== address) a.op("ld", { d: x, s1: pointer, imm: RECORD.in + x * 8 });
  }
  a.op("jalr", { s1: address });
}

function saver(a: Assembler, [pointer]: readonly [number, number], spare: number): void {
  a.label(`save${spare}`);
  for (let x = 1; x < 32; x++) a.op("sd", { s1: pointer, s2: x, imm: RECORD.out + x * 8 });
  for (let f = 0; f < 32; f++) {
    a.op("fsd", { s1: pointer, s2: f, imm: RECORD.out + 256 + f * 8 });
  }
  a.op("csrrs", { d: 1, imm: 3 }).op("sd", { s1: pointer, s2: 1, imm: RECORD.out });
  a.to("finish", "jal");
}

function signalHandler(a: Assembler): void {
  a.label("handler").load(A6, CURRENT).op("ld", { d: A3, s1: A6 });
  a.op("sd", { s1: A3, s2: A0, imm: RECORD.signal });
  a.op("lw", { d: A4, s1: A1, imm: 8 }).op("sd", { s1: A3, s2: A4, imm: RECORD.signalCode });
  a.op("ld", { d: A4, s1: A1, imm: 16 }).op("sd", { s1: A3, s2: A4, imm: RECORD.signalAddress });
  const copy = (from: number, to: number): void => {
    a.op("ld", { d: A4, s1: A2, imm: MACHINE_CONTEXT + from * 8 });
    a.op("sd", { s1: A3, s2: A4, imm: to });
  };
  copy(0, RECORD.pc);
  for (let x = 1; x < 64; x++) copy(x, RECORD.out + x * 8);
  a.op("lwu", { d: A4, s1: A2, imm: MACHINE_CONTEXT + 64 * 8 });
  a.op("sd", { s1: A3, s2: A4, imm: RECORD.out });
  a.to("finish", "jal");
}

function start(a: Assembler, recordsEnd: number, holes: readonly Hole[]): void {
  const store = (base: number, value: number): void => {
    a.load(A4, value).op("sd", { s1: A3, s2: A4, imm: base });
  };
  a.label("start").load(A3, STACK_INFO);
  store(0, STACK);
  store(8, 0);
  store(16, STACK_BYTES);
  a.op("addi", { d: A0, s1: A3 }).op("addi", { d: A1 });
  a.op("addi", { d: A7, imm: SYSCALL.sigaltstack }).op("ecall");
  a.load(A3, ACTION);
  store(0, a.addressOf("handler"));
  store(8, ACTION_FLAGS);
  store(16, 0);
  for (const signal of SIGNALS) {
    a.op("addi", { d: A0, imm: signal }).op("addi", { d: A1, s1: A3 }).op("addi", { d: A2 });
    a.op("addi", { d: A3, s1: A3 });
    a.op("addi", { d: A7, imm: SYSCALL.sigaction });
    // The size of a signal set goes where the structure's address was.
    a.op("addi", { d: A5, s1: A3 }).op("addi", { d: A3, imm: 8 }).op("ecall");
    a.op("addi", { d: A3, s1: A5 });
  }
  // qemu holds the pages between segments as if they were mapped without any access.
  for (const [address, bytes] of holes) {
    a.load(A0, address).load(A1, bytes).op("addi", { d: A7, imm: SYSCALL.munmap }).op("ecall");
  }
  a.load(A3, CURRENT);
  store(0, RECORDS);
  store(8, recordsEnd);
}

function driver(a: Assembler, recordBytes: number, windowBytes: number): void {
  a.label("next").load(A0, CURRENT).op("ld", { d: A1, s1: A0 }).op("ld", { d: A2, s1: A0, imm: 8 });
  a.to("end", "bgeu", { s1: A1, s2: A2 });
  // A reservation of an earlier case must not stand.
  a.load(A3, SCRATCH).op("sc.d", { d: 0, s1: A3, s2: 0 });
  a.op("ld", { d: A3, s1: A1, imm: RECORD.window });
  a.op("ld", { d: A4, s1: A1, imm: RECORD.windowBytes });
  a.op("addi", { d: A5, s1: A1, imm: RECORD.windowIn });
  a.label("copyIn").to("copiedIn", "beq", { s1: A4 });
  a.op("ld", { d: A6, s1: A5 }).op("sd", { s1: A3, s2: A6 });
  for (const [register, step] of [[A3, 8], [A5, 8], [A4, -8]] as const) {
    a.op("addi", { d: register, s1: register, imm: step });
  }
  a.to("copyIn", "jal").label("copiedIn");
  a.op("ld", { d: A3, s1: A1, imm: RECORD.patch }).to("ready", "beq", { s1: A3 });
  a.op("lw", { d: A4, s1: A1, imm: RECORD.word }).op("sw", { s1: A3, s2: A4 }).op("fence.i");
  a.label("ready").op("ld", { d: A2, s1: A1, imm: RECORD.loader }).op("jalr", { s1: A2 });

  a.label("finish").load(A0, CURRENT).op("ld", { d: A1, s1: A0 });
  a.op("ld", { d: A3, s1: A1, imm: RECORD.window });
  a.op("ld", { d: A4, s1: A1, imm: RECORD.windowBytes });
  a.load(A6, RECORD.windowIn + windowBytes).op("add", { d: A5, s1: A1, s2: A6 });
  a.label("copyOut").to("copiedOut", "beq", { s1: A4 });
  a.op("ld", { d: A6, s1: A3 }).op("sd", { s1: A5, s2: A6 });
  for (const [register, step] of [[A3, 8], [A5, 8], [A4, -8]] as const) {
    a.op("addi", { d: register, s1: register, imm: step });
  }
  a.to("copyOut", "jal").label("copiedOut").load(A6, recordBytes);
  a.op("add", { d: A1, s1: A1, s2: A6 }).op("sd", { s1: A0, s2: A1 }).to("next", "jal");

  a.label("end").load(A1, RECORDS);
  a.label("more").load(A0, CURRENT).op("ld", { d: A2, s1: A0, imm: 8 });
  a.op("sub", { d: A2, s1: A2, s2: A1 }).to("written", "beq", { s1: A2 });
  a.op("addi", { d: A0, imm: 1 }).op("addi", { d: A7, imm: SYSCALL.write }).op("ecall");
  a.to("written", "blt", { s1: A0 }).op("add", { d: A1, s1: A1, s2: A0 }).to("more", "jal");
  a.label("written").op("addi", { d: A0 }).op("addi", { d: A7, imm: SYSCALL.exit }).op("ecall");
}
