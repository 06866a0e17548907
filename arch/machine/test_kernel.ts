import { DeviceNumber, DeviceSource, deviceTables } from "../../drivers/registry.ts";
import { Uart16550 } from "../../drivers/uart16550/model.ts";
import { UartRegister } from "../../drivers/uart16550/registers.ts";
import { Effects } from "../../core/effect.ts";
import { type Event, EventKind, RecordedEvent } from "../../core/event.ts";
import { RAM_BASE_PAGE } from "../../core/isa/riscv64.ts";
import { encode } from "../riscv64/encode.ts";
import { PTE } from "../riscv64/sv39.ts";
import type { MachineConfig } from "./config.ts";
import type { HostInputs } from "./inputs/host_inputs.ts";
import { LiveInputs } from "./inputs/live_inputs.ts";
import { PAGE_SIZE, REGISTER } from "./memory/layout.ts";
import { createMachine, type Machine, type Outcome } from "./machine.ts";
import type { ConsoleFactory, EventSink, MachineReducer, OutputPort } from "./ports.ts";
import { codeBytes, loadAddress } from "./test_elf.ts";

/** Where toy programs have their code (one page), and four pages of data with a gap behind. */
export const CODE = 0x10000;
export const DATA = 0x20000;
const DATA_PAGES = 4;
const TABLES_PER_SPACE = 3;
const TABLE_WORDS = 1024;
const ARENA_BYTES = 1 << 18;
/** Frames are numbered by program: code first, then data. */
const FRAMES_PER_PROGRAM = 1 + DATA_PAGES;
const LEAF = PTE.valid | PTE.user | PTE.accessed | PTE.dirty | PTE.read;

/** The frame of a program's code page. */
export const codeFrame = (program: number): number => 1 + program * FRAMES_PER_PROGRAM;
/** The frame of a data page: in falling order, so that what crosses pages is not contiguous. */
export const dataFrame = (program: number, page = 0): number =>
  codeFrame(program) + DATA_PAGES - page;

/** The call numbers toy programs use: as in Linux, so that real rows sense them. */
export const Call = { Write: 64, Exit: 93, Gettime: 113 } as const;

/** `a7 = number; ecall`. */
export function call(number: number): number[] {
  return [encode("addi", { d: 17, imm: number }), encode("ecall")];
}

/** `register = value`, for values of 12 signed bits. */
export function set(register: number, value: number): number {
  return encode("addi", { d: register, imm: value });
}

/** A loop of `2 × count` instructions (count below 2^31), after two that load the count. */
export function spin(count: number): number[] {
  return [
    ...loadAddress(5, count),
    encode("addi", { d: 5, s1: 5, imm: -1 }),
    encode("bne", { s1: 5, s2: 0, imm: -4 }),
  ];
}

/** What a test adds to the toy kernel: true when it has dealt with the event. */
export type Handler = (kernel: TestKernel, e: Event) => boolean;

/**
 * A kernel without state for tests of the machine: program i is thread i + 1 on hart i, in a space
 * of its own; exit idles the hart; the last exit ends the boot; every other call returns 0.
 */
export class TestKernel implements MachineReducer {
  readonly effects = new Effects();
  live = 0;
  private readonly tables: Uint32Array;

  constructor(
    buffer: ArrayBufferLike,
    base: number,
    private readonly programs: readonly (readonly number[])[],
    private readonly handler: Handler,
  ) {
    this.tables = new Uint32Array(buffer, base, ARENA_BYTES / 4);
  }

  reduce(e: Event): number {
    this.effects.clear();
    if (e.kind === EventKind.Boot) this.programs.forEach((_, program) => this.start(program));
    if (!this.handler(this, e)) this.answer(e);
    return 0;
  }

  private answer(e: Event): void {
    const fx = this.effects;
    if (e.kind === EventKind.Syscall && e.cause === Call.Exit) {
      fx.switchTo(e.hart, 0, 0, 0);
      if (--this.live === 0) fx.programEnded(e.int(0) << 8);
    } else if (e.kind === EventKind.Syscall) fx.returnValue(e.hart + 1, 0);
    else if (e.kind === EventKind.Shutdown) fx.closed();
  }

  hash(out: Uint32Array): void {
    out.fill(this.live);
  }

  /** Lets a program's thread run on a hart, by default its own. */
  run(program: number, hart = program): void {
    this.effects.switchTo(hart, program + 1, this.tablePfn(program, 0), program + 1);
  }

  /** Makes a page of a program absent; the translation is still to be invalidated. */
  unmap(program: number, va: number): void {
    this.entry(program, 2, va / PAGE_SIZE, 0, 0);
  }

  private tablePfn(program: number, table: number): number {
    return 200 + TABLES_PER_SPACE * program + table;
  }

  private entry(program: number, table: number, index: number, pfn: number, flags: number): void {
    const at = (1 + TABLES_PER_SPACE * program + table) * TABLE_WORDS + 2 * index;
    this.tables[at] = (((RAM_BASE_PAGE + pfn) << 10) | flags) >>> 0;
    this.tables[at + 1] = (RAM_BASE_PAGE + pfn) >>> 22;
  }

  private page(program: number, va: number, frame: number, flags: number): void {
    this.effects.mapFrame(frame, frame);
    this.effects.zero(frame, 0, PAGE_SIZE);
    this.entry(program, 2, va / PAGE_SIZE, frame, flags);
  }

  /** Stores bytes in a program's data, at an offset that may be in any page; use it at Boot. */
  put(program: number, offset: number, bytes: readonly number[]): void {
    const fx = this.effects;
    bytes.forEach((byte, i) => {
      const page = Math.floor((offset + i) / PAGE_SIZE);
      const at = fx.putBytes(Uint8Array.of(byte), 0, 1);
      fx.write(dataFrame(program, page), (offset + i) % PAGE_SIZE, at, 1);
    });
  }

  private start(program: number): void {
    const fx = this.effects;
    for (let table = 0; table < TABLES_PER_SPACE; table++) {
      fx.mapPageTable(this.tablePfn(program, table), 1 + TABLES_PER_SPACE * program + table);
    }
    this.entry(program, 0, 0, this.tablePfn(program, 1), PTE.valid);
    this.entry(program, 1, 0, this.tablePfn(program, 2), PTE.valid);
    this.page(program, CODE, codeFrame(program), LEAF | PTE.execute);
    for (let page = 0; page < DATA_PAGES; page++) {
      this.page(program, DATA + page * PAGE_SIZE, dataFrame(program, page), LEAF | PTE.write);
    }
    const bytes = codeBytes(this.programs[program]);
    fx.write(codeFrame(program), 0, fx.putBytes(bytes, 0, bytes.length), bytes.length);
    fx.clearRegisters(program + 1);
    fx.setRegister(program + 1, REGISTER.pc, CODE);
    this.run(program);
    this.live++;
  }
}

/** Keeps everything a machine says. */
export class TestSink implements EventSink {
  readonly events: RecordedEvent[] = [];
  readonly hashes: string[] = [];
  ended = false;

  /** @param most events kept; later ones are counted only */
  constructor(private readonly most = 10_000) {}

  append(e: RecordedEvent): void {
    if (this.events.length < this.most) this.events.push(structuredCopy(e));
  }
  kHash(order: number, hash: Uint32Array): void {
    this.hashes.push(`K ${order} ${hash.join()}`);
  }
  mHash(order: number, round: number, hash: Uint32Array): void {
    this.hashes.push(`M ${order} ${round} ${hash.join()}`);
  }
  blob(digest: Uint8Array, bytes: Uint8Array, length: number): void {
    this.blobs.set(digest.join(), bytes.slice(0, length));
  }
  readonly blobs = new Map<string, Uint8Array>();
  end(): void {
    this.ended = true;
  }

  /** Events of one kind. */
  of(kind: number): RecordedEvent[] {
    return this.events.filter((e) => e.kind === kind);
  }
}

function structuredCopy(e: RecordedEvent): RecordedEvent {
  const copy = new RecordedEvent();
  Object.assign(copy, e, {
    registers: e.registers.slice(),
    payload: e.payload.slice(0, e.payloadLength),
    glance: e.glance.slice(),
  });
  return copy;
}

const testConsole: ConsoleFactory<typeof deviceTables.uart16550.columns> = {
  table: deviceTables.uart16550,
  device: DeviceNumber.Uart,
  source: DeviceSource.Uart,
  dataRegister: UartRegister.Data,
  make: (state, row, line, output) => new Uart16550(state, row, line, output),
};

/** A host without files or terminal. */
export const quietHost = {
  readStreamBlock: (): number => 0,
  readFileChunk: (): number => -1,
  digest: (): void => {},
  pollTerminal: (): number => 0,
  now: (): number => 0,
  waitUntil: (): void => {},
};

export interface TestRun {
  readonly programs: readonly (readonly number[])[];
  readonly config?: Partial<MachineConfig>;
  readonly handler?: Handler;
  readonly inputs?: HostInputs;
  readonly sink?: EventSink;
  readonly output?: OutputPort["writeStream"];
}

export interface TestResult {
  readonly outcome: Outcome;
  readonly sink: TestSink;
  readonly machine: Machine;
}

/** Makes a machine with the toy kernel. */
export function testMachine(run: TestRun, sink: EventSink): Machine {
  const config: MachineConfig = {
    harts: Math.max(1, run.programs.length),
    memoryBytes: 16 << 20,
    backingFrames: 64,
    threads: 16,
    arenaBytes: ARENA_BYTES,
    pageTablesOffset: 0,
    seed: 0,
    tickNs: 10,
    roundTicks: 10_000,
    terminalInput: false,
    consoleOutput: false,
    instructionLimit: Infinity,
    boot: Uint8Array.of(1, 2, 3),
    ...run.config,
  };
  return createMachine({
    config,
    reducerFactory: (buffer, base) =>
      new TestKernel(buffer, base, run.programs, run.handler ?? (() => false)),
    sink,
    inputs: run.inputs ??
      new LiveInputs(quietHost, {
        initial: [],
        terminal: false,
        paced: false,
        timeLimit: Infinity,
      }),
    output: { writeStream: run.output ?? (() => 0) },
    console: testConsole,
  });
}

/** Runs toy programs to the end of the boot. */
export function runTest(run: TestRun): TestResult {
  const sink = new TestSink();
  const machine = testMachine(run, run.sink ?? sink);
  return { outcome: machine.run(), sink, machine };
}
