import type { Effects } from "./effect.ts";
import { type Event, payloadU32, payloadU64 } from "./event.ts";
import { ONE, type State } from "./kernel.ts";
import { initDevices } from "./fs/init.ts";
import { openBooks } from "./ledger/opening.ts";
import { bootMemory } from "./mem/boot.ts";
import { addPage, createObject } from "./mem/object.ts";
import { ObjectKind } from "./mem/tables.ts";
import { writeTrampoline } from "./proc/trampoline.ts";
import { checkSelection } from "./self_check.ts";
import { beginHungry } from "./sched/steal.ts";
import { assert } from "./assert.ts";
import { PAGE_BYTES } from "./limits.ts";
import { allocRow } from "./state/table.ts";

/** What the Boot event carries. */
export interface BootConfig {
  /** 1 to 64. */
  readonly harts: number;
  /** Physical frames of 4 KiB. */
  readonly totalFrames: number;
  /** Frames that can have backing at once. */
  readonly backingSlots: number;
  /** 0 boot: console on the UART; 1 run: standard streams of the host. */
  readonly runMode: number;
  /** Bit i: descriptor i of `run` is a terminal. */
  readonly streamKinds: number;
  /** Terminal size, characters. */
  readonly columns: number;
  readonly rows: number;
  /** Wall-clock time at virtual time 0, microseconds since 1970. */
  readonly startTime: number;
}

const BOOT_BYTES = 40;
/** Frames only teardown may take. */
const RESERVED_FRAMES = 16;

/** Writes the payload of a Boot event; returns its length. */
export function encodeBoot(config: BootConfig, payload: Uint8Array): number {
  const view = new DataView(payload.buffer, payload.byteOffset);
  const words = [
    config.harts,
    config.totalFrames,
    config.backingSlots,
    config.runMode,
    config.streamKinds,
    config.columns,
    config.rows,
    0,
    config.startTime >>> 0,
    Math.floor(config.startTime / 0x1_0000_0000),
  ];
  words.forEach((word, i) => view.setUint32(4 * i, word, true));
  return BOOT_BYTES;
}

/** Whether a payload is a configuration this kernel can boot. */
export function isBootPayload(s: State, e: Event): boolean {
  if (e.payloadLength !== BOOT_BYTES) return false;
  const harts = payloadU32(e, 0);
  const frames = payloadU32(e, 4);
  const slots = payloadU32(e, 8);
  return harts >= 1 && harts < s.hart.$capacity && slots >= 64 && slots < s.frame.$capacity &&
    frames >= slots;
}

/** Brings the tables from all zero to the state before the root is mounted. */
export function boot(s: State, fx: Effects, e: Event): void {
  for (const one of [s.kernel, s.fileSystem, s.ipc]) {
    assert(allocRow(one) === ONE, "a one-row table has its one row");
  }
  const harts = payloadU32(e, 0);
  for (let h = 0; h < harts; h++) assert(allocRow(s.hart) === h + 1, "hart rows are dense");
  s.kernel.harts[ONE] = harts;
  s.kernel.runMode[ONE] = payloadU32(e, 12);
  s.kernel.streamKinds[ONE] = payloadU32(e, 16);
  s.kernel.columns[ONE] = payloadU32(e, 20);
  s.kernel.rows[ONE] = payloadU32(e, 24);
  s.kernel.startTime[ONE] = payloadU64(e, 32);
  s.kernel.nextPid[ONE] = 1;
  openBooks(s, payloadU32(e, 4), payloadU32(e, 8));
  bootMemory(s, payloadU32(e, 4), payloadU32(e, 8), RESERVED_FRAMES);
  initDevices(s);
  const trampoline = createObject(s, ObjectKind.Anonymous);
  const page = addPage(s, fx, trampoline, 0);
  assert(trampoline > 0 && page > 0, "the smallest configuration holds the trampoline");
  fx.zero(s.objectPage.frame[page], 0, PAGE_BYTES);
  writeTrampoline(fx, s.objectPage.frame[page]);
  s.kernel.trampoline[ONE] = trampoline;
  checkSelection(s);
  beginHungry(s);
  s.kernel.booted[ONE] = 1;
}
