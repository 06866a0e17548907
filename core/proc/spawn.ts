import { assert } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import { USER_END_PAGE } from "../isa/riscv64.ts";
import { ONE, type State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { holdSpace } from "../mem/space.ts";
import { Inhabited } from "../mem/tables.ts";
import { createThread, leastLoadedHart, startThread } from "../sched/thread.ts";
import { freeRows } from "../state/table.ts";
import { inherit, inheritThread, RESERVED_PROCESSES } from "./fork.ts";
import { createProcess } from "./process.ts";
import { Signal } from "./signal_numbers.ts";
import { ProcessState, SIGNALS } from "./tables.ts";

/** Whether a thread may begin with these: addresses of user space, an argument told exactly. */
export function isStart(entry: number, stack: number, argument: number): boolean {
  const end = USER_END_PAGE * PAGE_BYTES;
  if (entry >= end || entry % 2 !== 0 || stack > end || stack % 16 !== 0) return false;
  return argument <= Number.MAX_SAFE_INTEGER;
}

/** Gives a thread that has not run the registers it begins with. */
export function setStart(
  fx: Effects,
  thread: number,
  entry: number,
  stack: number,
  argument: number,
): void {
  fx.clearRegisters(thread);
  fx.setRegister(thread, roleRegister.pc, entry);
  fx.setRegister(thread, roleRegister.sp, stack);
  fx.setRegister(thread, roleRegister.a0, argument);
}

/**
 * Makes a child in an address space that no process has used: one thread that begins at an entry
 * point with a stack pointer and one argument. It has no descriptor, no token and no handler; its
 * directories and ids are its parent's.
 *
 * @param entry,stack addresses in the new space
 * @param renounced KnownSlot bits it is started without, besides those its parent has not
 * @returns the process row; -Err.Busy for a space that is or was in use, -Err.Invalid for an address
 * that is none, -Err.Again when a table is full
 */
export function spawn(
  s: State,
  fx: Effects,
  hart: number,
  parent: number,
  space: number,
  entry: number,
  stack: number,
  argument: number,
  renounced: number,
): number {
  if (s.addressSpace.inhabited[space] !== Inhabited.Never) return -Err.Busy;
  if (!isStart(entry, stack, argument)) return -Err.Invalid;
  if (freeRows(s.process) <= RESERVED_PROCESSES) return -Err.Again;
  if (freeRows(s.thread) === 0 || freeRows(s.waiter) === 0) return -Err.Again;

  // From here on it must succeed.
  const from = s.thread.process[parent];
  const p = createProcess(s, from);
  const thread = createThread(s, p, s.process.pid[p]);
  assert(p !== 0 && thread !== 0, "rows were counted before a process is spawned");
  inheritThread(s, parent, thread);
  inherit(s, from, p);
  const actions = SIGNALS + 1;
  s.process.handlerLo.fill(0, p * actions, (p + 1) * actions);
  s.process.handlerHi.fill(0, p * actions, (p + 1) * actions);
  s.process.actionFlags.fill(0, p * actions, (p + 1) * actions);
  s.process.actionMaskLo.fill(0, p * actions, (p + 1) * actions);
  s.process.actionMaskHi.fill(0, p * actions, (p + 1) * actions);
  s.process.exitSignal[p] = Signal.Chld;
  s.process.renounced[p] |= renounced;
  s.process.space[p] = space;
  holdSpace(s, space);
  s.addressSpace.inhabited[space] = Inhabited.Once;
  setStart(fx, thread, entry, stack, argument);
  s.process.state[p] = ProcessState.Live;
  s.kernel.alive[ONE]++;
  startThread(s, fx, hart, thread, leastLoadedHart(s, thread, hart));
  return p;
}
