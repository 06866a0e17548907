import { type Event, EVENT_NAMES, EventKind } from "../../core/event.ts";
import type { Reducer } from "../../core/reducer.ts";
import { Prot, RegionFlag } from "../../core/mem/tables.ts";
import { START_OFFSET, trampolineAddress } from "../../core/proc/trampoline.ts";
import { ProcessState } from "../../core/proc/tables.ts";
import type { MachineConfig } from "../../arch/machine/config.ts";
import { DECODE_SLOTS } from "../../arch/machine/config.ts";
import { makeLayout, REGISTER, registerSlot } from "../../arch/machine/memory/layout.ts";

/** The fault that killed the first process. */
export interface Fault {
  /** Number of the event. */
  readonly order: number;
  /** "page-fault" or "exception". */
  readonly kind: string;
  readonly hart: number;
  readonly pc: string;
  /** Exception code of the ISA. */
  readonly cause: number;
  /** Trap value, hex. */
  readonly value: string;
  readonly signal: number;
  /** x0 … x31 and pc, hex. */
  readonly registers: readonly string[];
  /** One line per mapping. */
  readonly mappings: readonly string[];
}

/** What a run wants to know of its first process, and only the kernel sees. */
export interface FirstProcessWatcher {
  /** A fault killed it. */
  fault(found: Fault): void;
  /** Its program could not be executed; errno of the execve. */
  notStarted(errno: number): void;
}

/** The pc at which process 1 gives up: the exit_group behind the failed execve. */
const GIVE_UP = trampolineAddress + START_OFFSET + 16;
const EXIT_GROUP = 94;

/**
 * Wraps a kernel's reduce so that the fault that kills process 1 is told of, with what the dead
 * leave no trace of: registers and mappings. Only exceptions and page faults are looked at, and the
 * one call that says that its program did not start.
 */
export function watchFaults(
  reducer: Reducer,
  config: MachineConfig,
  buffer: ArrayBufferLike,
  watcher: FirstProcessWatcher,
): (e: Event) => number {
  const s = reducer.state;
  const layout = makeLayout({
    harts: config.harts,
    threads: config.threads + 1,
    arenaBytes: config.arenaBytes,
    ramBytes: config.memoryBytes,
    decodeSlots: DECODE_SLOTS,
    backingFrames: config.backingFrames,
  });
  const words = new Uint32Array(buffer);
  return (e: Event): number => {
    if (e.kind !== EventKind.Exception && e.kind !== EventKind.PageFault) {
      if (e.kind === EventKind.Syscall && e.cause === EXIT_GROUP && e.pc() === GIVE_UP) {
        watcher.notStarted(e.uint(0));
      }
      return reducer.reduce(e);
    }
    const thread = s.hart.current[e.hart + 1];
    const process = s.thread.process[thread];
    const first = s.process.pid[process] === 1;
    const refusal = reducer.reduce(e);
    if (!first || s.process.state[process] !== ProcessState.Dying) return refusal;
    const signal = s.process.exitStatus[process] & 0x7f;
    if (signal === 0) return refusal;
    const slot = registerSlot(layout, thread) / 4;
    const registers: string[] = [];
    for (let i = 0; i < 32; i++) registers.push(hex64(words, slot + 2 * i));
    registers.push(hex64(words, slot + 2 * REGISTER.pc));
    watcher.fault({
      order: e.order,
      kind: EVENT_NAMES[e.kind],
      hart: e.hart,
      pc: hexOf(e.pcHi, e.pcLo),
      cause: e.cause,
      value: hexOf(e.valueHi, e.valueLo),
      signal,
      registers,
      mappings: mappingsOf(reducer, s.process.space[process]),
    });
    return refusal;
  };
}

function hex64(words: Uint32Array, at: number): string {
  return hexOf(words[at + 1], words[at]);
}

function hexOf(high: number, low: number): string {
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

const PAGE_HEX = 3;

/** The mappings of an address space in address order, a line each. */
export function mappingsOf(reducer: Reducer, space: number): string[] {
  const s = reducer.state;
  const lines: string[] = [];
  if (space === 0) return lines;
  for (let r = s.addressSpace.firstRegion[space]; r !== 0; r = s.region.next[r]) {
    const page = (value: number): string =>
      value.toString(16).padStart(10, "0") + "0".repeat(PAGE_HEX);
    const prot = s.region.prot[r], flags = s.region.flags[r];
    const rights = ((prot & Prot.Read) !== 0 ? "r" : "-") +
      ((prot & Prot.Write) !== 0 ? "w" : "-") +
      ((prot & Prot.Execute) !== 0 ? "x" : "-") +
      ((flags & RegionFlag.Shared) !== 0 ? "s" : "p");
    const what = (flags & RegionFlag.GrowsDown) !== 0
      ? "[stack]"
      : (flags & RegionFlag.Heap) !== 0
      ? "[heap]"
      : s.memoryObject.hostFile[s.region.object[r]] !== 0
      ? "[file]"
      : "";
    lines.push(`${page(s.region.start[r])}-${page(s.region.end[r])} ${rights} ${what}`.trimEnd());
  }
  return lines;
}
