import assert from "node:assert/strict";
import { EventKind } from "../../core/event.ts";
import { hashText } from "../../core/state/hash.ts";
import { deviceTables } from "../../drivers/registry.ts";
import { encode } from "../riscv64/encode.ts";
import { MachineHash } from "./machine_hash.ts";
import { makeMachineState, ONE } from "./machine_state.ts";
import type { Cpu } from "./memory/cpu.ts";
import {
  HART,
  hartBlock,
  MACHINE_CELL,
  makeLayout,
  PAGE_SIZE,
  REGISTER,
  registerSlot,
} from "./memory/layout.ts";
import { createMemory } from "./memory/memory.ts";
import { Call, call, DATA, dataFrame, runTest, set } from "./test_kernel.ts";

/** The machine's hash at the end of a program that stores a byte, with registers as given. */
function finalHash(value: number, offset: number, register = 0, kernelByte = 0): string {
  const { sink } = runTest({
    programs: [[
      encode("lui", { d: 6, imm: DATA }),
      set(7, value),
      encode("sb", { s1: 6, s2: 7, imm: offset }),
      set(7, register),
      set(10, 0),
      ...call(Call.Exit),
    ]],
    handler(kernel, e) {
      if (e.kind !== EventKind.Boot || kernelByte === 0) return false;
      const at = kernel.effects.putBytes(Uint8Array.of(kernelByte), 0, 1);
      kernel.effects.write(dataFrame(0, 3), 9, at, 1);
      return false;
    },
  });
  return sink.hashes.filter((h) => h.startsWith("M")).join();
}

Deno.test("the machine's hash sees stores, registers and what effects write", () => {
  const one = finalHash(1, 8);
  assert.equal(finalHash(1, 8), one);
  const others = [finalHash(2, 8), finalHash(1, 9), finalHash(1, 8, 5), finalHash(1, 8, 0, 4)];
  assert.equal(new Set([one, ...others]).size, 5);
});

/** A machine's memory and state without a machine, and its hash. */
function still() {
  const layout = makeLayout({
    harts: 2,
    threads: 4,
    arenaBytes: 65_536,
    ramBytes: 1 << 20,
    decodeSlots: 4,
    backingFrames: 8,
  });
  const memory = createMemory();
  const state = makeMachineState(2, deviceTables.uart16550);
  state.machine.lastThread[ONE] = 3;
  state.machine.lastFrame[ONE] = 5;
  let flushed = 0;
  const cpu = { flushWriteTlbs: () => flushed++ } as unknown as Cpu;
  const hash = new MachineHash(memory, layout, state, cpu);
  const firstPage = layout.backingBase / PAGE_SIZE;
  return {
    layout,
    memory,
    state,
    take: (): string => {
      const words = new Uint32Array(4);
      hash.take(words);
      return hashText(words);
    },
    /** Stores a word in a frame, as a guest does. */
    write: (frame: number, offset: number, value: number): void => {
      memory.u32[((firstPage + frame) * PAGE_SIZE + offset) / 4] = value;
      memory.u8[layout.dirtyBase + firstPage + frame] = 1;
    },
    flushed: () => flushed,
  };
}

Deno.test("the machine's hash covers each kind of state, from its first word to its last", () => {
  const m = still();
  const { u32 } = m.memory;
  const slot = (thread: number, register: number): number =>
    registerSlot(m.layout, thread) / 4 + 2 * register;
  const block = (hart: number): number => hartBlock(m.layout, hart);
  const words: Readonly<Record<string, number>> = {
    "highest time read": MACHINE_CELL.highestTimeRead / 4,
    "its high half": MACHINE_CELL.highestTimeRead / 4 + 1,
    "first hart's space": (block(0) + HART.rootPpn) / 4,
    "last hart's asid": (block(1) + HART.asid) / 4,
    "last hart's retired": (block(1) + HART.retired) / 4,
    "first thread's x1": slot(1, 1),
    "last thread's x31": slot(3, 31),
    "last thread's f31": slot(3, REGISTER.sink - 1) + 1,
    "last thread's pc": slot(3, REGISTER.pc),
    "last thread's fcsr": slot(3, REGISTER.pc) + 2,
  };
  const seen = new Set([m.take()]);
  for (const [what, at] of Object.entries(words)) {
    u32[at] = 0x1234;
    const now = m.take();
    assert.ok(!seen.has(now), what);
    seen.add(now);
    u32[at] = 0;
  }
  for (const column of ["clock", "thread", "sequence"] as const) {
    m.state.hartClock[column][2]++;
    const now = m.take();
    assert.ok(!seen.has(now), column);
    seen.add(now);
    m.state.hartClock[column][2]--;
  }
  u32[slot(2, REGISTER.sink)] = 77;
  u32[slot(4, 1)] = 77;
  assert.ok(seen.has(m.take()), "the sink and slots never used are no state");
});

Deno.test("the machine's hash covers the frames written since the last, each at its place", () => {
  const m = still();
  const none = m.take();
  const hashOf = (frame: number, offset: number, value: number): string => {
    m.write(frame, offset, value);
    return m.take();
  };
  const seen = new Set([none]);
  for (const frame of [1, 2, 5]) {
    // The same contents in another frame, and the last word of it.
    seen.add(hashOf(frame, 0, 9)).add(hashOf(frame, PAGE_SIZE - 4, 9));
  }
  assert.equal(seen.size, 7);
  assert.equal(m.take(), none, "what was hashed is not hashed again");
  assert.ok(seen.has(hashOf(6, 0, 9)), "a frame beyond the last is none");
  const before = m.flushed();
  m.take();
  assert.equal(m.flushed(), before + 1, "stores are watched anew after each hash");
});
