import assert from "node:assert/strict";
import { COMPILED, EXIT } from "../../arch/ir/interpreter.ts";
import {
  DECODE_SLOT_BYTES,
  HART,
  hartBlock,
  PAGE_SIZE,
  REGISTER,
  REGISTER_SLOT_BYTES,
} from "../../arch/machine/memory/layout.ts";
import type { LayoutConfig } from "../../arch/machine/memory/layout.ts";
import { engineNamed, machineOn } from "../../arch/machine/test_engines.ts";
import type { TestEngine } from "../../arch/machine/test_engines.ts";
import type { TestMachine } from "../../arch/machine/test_machine.ts";

/** The engines that compile; each is held against the interpreter. */
export const compilingEngines: readonly TestEngine[] = ["wasm", "eager"].map(engineNamed);

/**
 * The same machine twice, on the interpreter and on an engine that compiles. What is done to one is
 * done to both, and after every run all that a kernel can see must be equal: registers, fcsr and pc of every
 * thread, memory, dirty pages, counts, reservation, and cause and value of a trap.
 */
export class Twins {
  readonly interpreted: TestMachine;
  readonly compiled: TestMachine;

  constructor(engine: TestEngine, config: Partial<LayoutConfig> = {}) {
    const full = { threads: 2, arenaBytes: 1 << 20, ramBytes: 4 << 20, backingFrames: 512 };
    this.interpreted = machineOn(engineNamed("ir"), { ...full, ...config });
    this.compiled = machineOn(engine, { ...full, ...config });
  }

  /** Does something to both machines; returns what it gave, which must be equal. */
  both<T>(act: (m: TestMachine) => T): T {
    const result = act(this.interpreted);
    assert.deepEqual(act(this.compiled), result);
    return result;
  }

  /** Runs a hart of both for a budget and compares; returns the exit reason. `what` is for messages. */
  run(budget: number, what = "", hart = 0): number {
    const reason = this.interpreted.cpu.run(hart, budget);
    const other = this.compiled.cpu.run(hart, budget);
    const difference = other === reason
      ? this.#difference(reason, hart)
      : `exit ${other} instead of ${reason}`;
    assert.equal(difference, "", `${what}: ${difference}`);
    return reason;
  }

  /** Runs in slices of the lengths that `next` gives, to a trap or for `limit` instructions. */
  runSlices(next: () => number, limit: number, what = "", hart = 0): number {
    for (let done = 0; done < limit;) {
      if (this.run(next(), `${what} after ${done}`, hart) === EXIT.trap) return EXIT.trap;
      done += this.interpreted.hartField(hart, HART.executed);
    }
    return EXIT.budget;
  }

  /** Sets the pc of a hart's thread. */
  goTo(pc: number | bigint, hart = 0): void {
    this.both((m) => m.setRegister(REGISTER.pc, pc, hart));
  }

  #difference(reason: number, hart: number): string {
    const ours = this.interpreted, theirs = this.compiled;
    const words = (m: TestMachine, from: number, bytes: number): Uint32Array =>
      m.memory.u32.subarray(from / 4, (from + bytes) / 4);
    const compare = (what: string, from: number, bytes: number): string => {
      const wanted = words(ours, from, bytes), got = words(theirs, from, bytes);
      for (let i = 0; i < wanted.length; i++) {
        // The sink of a slot holds what no one looks at.
        if (what === "register" && (i % SLOT_WORDS) >> 1 === REGISTER.sink) continue;
        if (wanted[i] !== got[i]) {
          return `${what} word ${i}: ${hex(got[i]!)}, not ${hex(wanted[i]!)}`;
        }
      }
      return "";
    };
    const { registerBase, threads, backingBase, dirtyBase } = ours.layout;
    const field = (name: keyof typeof HART): string => {
      const wanted = ours.hartField64(hart, HART[name]), got = theirs.hartField64(hart, HART[name]);
      return wanted === got ? "" : `${name}: ${got.toString(16)}, not ${wanted.toString(16)}`;
    };
    const reserved = (m: TestMachine): string =>
      m.hartField(hart, HART.reservationSize) === 0
        ? "none"
        : `${m.hartField(hart, HART.reservationSize)}@${m.hartField(hart, HART.reservation)}`;
    const executed = (m: TestMachine): number =>
      m.memory.u32[(hartBlock(m.layout, hart) + HART.executed) / 4]!;
    let frames = 0;
    while (ours.memory.u32[ours.layout.frameMapBase / 4 + frames] !== 0) frames++;
    const firstPage = backingBase / PAGE_SIZE;
    return (executed(ours) === executed(theirs)
      ? ""
      : `executed ${executed(theirs)}, not ${executed(ours)}`) ||
      compare("register", registerBase, threads * REGISTER_SLOT_BYTES) ||
      field("retired") ||
      (reason === EXIT.trap
        ? (ours.describeTrap(hart) === theirs.describeTrap(hart)
          ? ""
          : `${theirs.describeTrap(hart)}, not ${ours.describeTrap(hart)}`)
        : "") ||
      (reserved(ours) === reserved(theirs)
        ? ""
        : `reservation ${reserved(theirs)}, not ${reserved(ours)}`) ||
      compare("memory", backingBase, (frames + 1) * PAGE_SIZE) ||
      compare("dirty", dirtyBase + firstPage - firstPage % 4, frames + 4 - frames % 4);
  }
}

const SLOT_WORDS = REGISTER_SLOT_BYTES / 4;

const hex = (n: number): string => `0x${n.toString(16)}`;

/** The compiled regions among a machine's decoded ops. */
export function regionsOf(m: TestMachine): number {
  const { decodeBase, decodeSlots } = m.layout;
  const end = decodeBase + decodeSlots * DECODE_SLOT_BYTES;
  let count = 0;
  for (let at = decodeBase / 2; at < end / 2; at += 8) {
    if ((m.memory.u16[at]! & COMPILED) !== 0) count++;
  }
  return count;
}

/** Makes twins with a machine of given sizes. */
export type MakeTwins = (config?: Partial<LayoutConfig>) => Twins;

/** Registers a test for each engine that compiles, its name in brackets behind the test's. */
export function testRegions(name: string, body: (make: MakeTwins, engine: string) => void): void {
  for (const engine of compilingEngines) {
    Deno.test(
      `regions: ${name} (${engine.name})`,
      () => body((config) => new Twins(engine, config), engine.name),
    );
  }
}
