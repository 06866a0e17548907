import { EXIT } from "../../arch/ir/interpreter.ts";
import { HART, REGISTER, registerSlot } from "../../arch/machine/memory/layout.ts";
import { machineOn } from "../../arch/machine/test_engines.ts";
import type { TestEngine } from "../../arch/machine/test_engines.ts";
import { type TestMachine, USER } from "../../arch/machine/test_machine.ts";
import { CAUSE } from "../../arch/riscv64/sv39.ts";
import { type Batch, exitOf, type PlacedCase, slotWord } from "./batch.ts";
import {
  areas,
  EXECUTE,
  FLOW,
  FLOW_BYTES,
  PAGE,
  READ,
  segmentationCode,
  SLOT,
  WRITE,
} from "./memory_map.ts";
import { type Outcome, SIGNAL, SIGNAL_CODE } from "./outcome.ts";
import { REGISTERS } from "./test_case.ts";

/** An outcome, and what only we can see. */
export interface EngineOutcome extends Outcome {
  readonly retired: number;
  /** The latest trap's cause and value. */
  readonly cause: number;
  readonly trapValue: bigint;
}

/** Instructions after which a case counts as endless. */
const LIMIT = 2_000_000;
const ENOSYS = -38n;
const ECALL_BYTES = 4n;
const A0 = 10;

const PAGE_FLAGS: Readonly<Record<number, number>> = {
  [READ]: USER.r,
  [READ | WRITE]: USER.rw,
  [READ | EXECUTE]: USER.rx,
  [READ | WRITE | EXECUTE]: USER.rwx,
};

/** A machine with the memory map of cases, which runs batches on one engine. */
export class EngineRunner {
  readonly machine: TestMachine;
  readonly #root: number;
  /** Linear addresses of pages of the memory map, by guest page number. */
  readonly #linear = new Map<number, number>();

  constructor(engine: TestEngine) {
    const m = this.machine = machineOn(engine);
    this.#root = m.newSpace();
    const mapPages = (address: number, pages: number, flags: number): void => {
      for (let page = 0; page < pages; page++) {
        const va = address + page * PAGE;
        this.#linear.set(va / PAGE, m.linearOf(m.map(this.#root, va, flags)));
      }
    };
    for (const { address, pages, flags } of areas) mapPages(address, pages, PAGE_FLAGS[flags]!);
    mapPages(FLOW, FLOW_BYTES / PAGE, USER.rx);
    m.useSpace(this.#root);
  }

  /** Puts a batch's code and fillers into memory. */
  load(batch: Batch): void {
    for (const { address, pages, fill } of areas) {
      const bytes = new Uint8Array(pages * PAGE);
      new Uint16Array(bytes.buffer).fill(fill);
      this.machine.write(this.#root, address, bytes);
    }
    if (batch.flow.length > 0) this.machine.write(this.#root, FLOW, batch.flow);
    for (const { test, code, bytes } of batch.cases) {
      if (test.place.kind === "fixed") this.machine.write(this.#root, code, bytes);
    }
  }

  /**
   * Runs one case of a loaded batch.
   *
   * @param budget gives the length of each run of the engine; without it one run does it all
   */
  run(placed: PlacedCase, budget?: () => number): EngineOutcome {
    const m = this.machine, { test } = placed;
    if (test.place.kind === "slot") this.#patchSlot(slotWord(placed.bytes));
    if (test.window !== undefined) this.#copy(test.window.address, test.window.bytes, true);
    m.memory.u32.set(placed.registers, registerSlot(m.layout, 0) / 4);
    m.setRegister(REGISTER.fcsr, placed.registers[0]!);
    m.setRegister(0, 0);
    m.setRegister(REGISTER.pc, placed.code);
    m.setHart(0, HART.reservationSize, 0);
    return this.#outcome(placed, this.#execute(budget));
  }

  /** Runs to a trap that is no system call; returns the instructions retired, -1 when endless. */
  #execute(budget: (() => number) | undefined): number {
    const m = this.machine;
    let retired = 0;
    while (retired < LIMIT) {
      const reason = m.cpu.run(0, budget === undefined ? LIMIT - retired : budget());
      retired += m.hartField(0, HART.executed);
      if (reason !== EXIT.trap) continue;
      if (m.hartField(0, HART.cause) !== CAUSE.userCall) return retired;
      // Cases call only what no kernel has.
      m.setRegister(A0, ENOSYS);
      m.setRegister(REGISTER.pc, m.register(REGISTER.pc) + ECALL_BYTES);
    }
    return -1;
  }

  #outcome({ test }: PlacedCase, retired: number): EngineOutcome {
    const m = this.machine;
    const registers = m.memory.u32.slice(
      registerSlot(m.layout, 0) / 4,
      registerSlot(m.layout, 0) / 4 + 2 * REGISTERS,
    );
    registers[0] = Number(m.register(REGISTER.fcsr));
    const window = new Uint8Array(test.window?.bytes.length ?? 0);
    if (test.window !== undefined) this.#copy(test.window.address, window, false);
    const cause = m.hartField(0, HART.cause);
    const trapValue = m.hartField64(0, HART.tval);
    const pc = m.register(REGISTER.pc);
    const ended = retired >= 0 && cause === CAUSE.fetchPage && pc === BigInt(exitOf(test.spare));
    const ending = retired < 0
      ? { signal: SIGNAL.endless, code: 0, address: 0n, pc }
      : ended
      ? { signal: SIGNAL.none, code: 0, address: 0n, pc: 0n }
      : signalOf(cause, trapValue, pc);
    return { ...ending, registers, window, retired, cause, trapValue };
  }

  #patchSlot(word: number): void {
    const bytes = Uint8Array.of(word, word >> 8, word >> 16, word >> 24);
    this.machine.write(this.#root, SLOT, bytes);
  }

  /** Copies bytes to (`write`) or from data pages. */
  #copy(address: number, bytes: Uint8Array, write: boolean): void {
    const { u8 } = this.machine.memory;
    for (let done = 0; done < bytes.length;) {
      const at = address + done;
      const linear = this.#linear.get(Math.floor(at / PAGE))! + at % PAGE;
      const count = Math.min(bytes.length - done, PAGE - at % PAGE);
      if (write) u8.set(bytes.subarray(done, done + count), linear);
      else bytes.set(u8.subarray(linear, linear + count), done);
      done += count;
    }
  }

  /** Areas without code whose bytes outside the windows of a batch are not what they were. */
  strayWrites(batch: Batch): string[] {
    const wrong: string[] = [];
    const inWindow = new Set<number>();
    for (const { test: { window } } of batch.cases) {
      if (window === undefined) continue;
      for (let i = 0; i < window.bytes.length; i++) inWindow.add(window.address + i);
    }
    for (const { address, pages, fill } of areas) {
      if (fill !== 0) continue;
      const bytes = new Uint8Array(pages * PAGE);
      this.#copy(address, bytes, false);
      const stray = bytes.findIndex((byte, i) => byte !== 0 && !inWindow.has(address + i));
      if (stray >= 0) wrong.push(`0x${(address + stray).toString(16)} was written`);
    }
    return wrong;
  }
}

/** The signal Linux sends for an exception, as core/proc/exception.ts has it. */
function signalOf(
  cause: number,
  value: bigint,
  pc: bigint,
): Pick<Outcome, "signal" | "code" | "address" | "pc"> {
  switch (cause) {
    case CAUSE.illegalInstruction:
      return { signal: SIGNAL.ill, code: SIGNAL_CODE.illegalOpcode, address: pc, pc };
    case CAUSE.breakpoint:
      return { signal: SIGNAL.trap, code: SIGNAL_CODE.breakpoint, address: value, pc };
    case CAUSE.loadMisaligned:
    case CAUSE.storeMisaligned:
      return { signal: SIGNAL.bus, code: SIGNAL_CODE.alignment, address: value, pc };
    default:
      return { signal: SIGNAL.segv, code: segmentationCode(value), address: value, pc };
  }
}
