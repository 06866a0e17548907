import { closeAll } from "../cap/descriptor.ts";
import { closeNames } from "../cap/naming.ts";
import type { Effects } from "../effect.ts";
import { Result } from "../error.ts";
import { dropInode } from "../fs/inode.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { drainSpace, releaseSpace } from "../mem/space.ts";
import { beginOperation, endOperation, OperationKind } from "../sched/operation.ts";
import { ThreadState } from "../sched/tables.ts";
import { freeThread } from "../sched/thread.ts";
import { disarmTimer, TimerSlot } from "../sched/timer.ts";
import { adopt, disown, freeProcess } from "./process.ts";
import { discardPending, Handler, notifyParent } from "./signal.ts";
import { ActionFlag, Signal } from "./signal_numbers.ts";
import { ProcessState, SIGNALS } from "./tables.ts";
import { releaseVfork } from "./vfork.ts";

/** Stages of the exit operation, kept in the thread's first cursor. */
const Stage = { Files: 0, Space: 1, Children: 2, Zombie: 3 } as const;

/**
 * Starts the end of the process whose thread runs on this hart. From now on no lookup finds it
 * runnable; the rest is the exit operation's.
 *
 * @param status wait status: code << 8, or the signal that killed it
 */
export function beginExit(
  s: State,
  fx: Effects,
  hart: number,
  thread: number,
  status: number,
): void {
  const p = s.thread.process[thread];
  s.process.state[p] = ProcessState.Dying;
  s.process.exitStatus[p] = status;
  s.process.killed[p] = 0;
  s.thread.faultSignal[thread] = 0;
  s.thread.restoreMask[thread] = 0;
  discardPending(s, p, 0xffffffff, 0xffffffff);
  disarmTimer(s, hart, thread, TimerSlot.Sleep);
  disarmTimer(s, hart, thread, TimerSlot.Interval);
  beginOperation(s, fx, hart, thread, OperationKind.Exit);
}

/** Drops every descriptor and directory of a process. */
export function releaseFiles(s: State, fx: Effects, hart: number, p: number): void {
  closeAll(s, fx, hart, p);
  const root = s.process.root[p];
  const cwd = s.process.cwd[p];
  const executable = s.process.executable[p];
  s.process.root[p] = 0;
  s.process.cwd[p] = 0;
  s.process.executable[p] = 0;
  if (root !== 0) dropInode(s, fx, hart, root);
  if (cwd !== 0) dropInode(s, fx, hart, cwd);
  if (executable !== 0) dropInode(s, fx, hart, executable);
}

/** Drops a process's space, a step at a time; true when it is gone or left to others. */
function releaseSpaceStep(s: State, fx: Effects, p: number): boolean {
  const space = s.process.space[p];
  if (space === 0) return true;
  if (s.addressSpace.refs[space] > 1) {
    s.process.space[p] = 0;
    releaseSpace(s, space);
    return true;
  }
  if (drainSpace(s, fx, space) === 0) return false;
  s.process.space[p] = 0;
  releaseSpace(s, space);
  return true;
}

/** Gives children to init, a bounded number at a time; true when none are left. */
function reparentStep(s: State, fx: Effects, hart: number, p: number): boolean {
  const init = s.kernel.init[ONE];
  for (let n = 0; n < UNITS; n++) {
    const child = s.process.firstChild[p];
    if (child === 0) return true;
    disown(s, child);
    adopt(s, init, child);
    s.process.exitSignal[child] = Signal.Chld;
    if (s.process.state[child] !== ProcessState.Zombie) continue;
    notifyParent(s, fx, hart, child);
    if (vanishes(s, init)) reap(s, child);
  }
  fx.charge(UNITS);
  return false;
}

/** Whether a zombie goes at once because its parent lets its children vanish unwaited. */
function vanishes(s: State, parent: number): boolean {
  if (s.kernel.shutdown[ONE] !== 0) return false;
  const at = parent * (SIGNALS + 1) + Signal.Chld;
  return (s.process.handlerHi[at] === 0 && s.process.handlerLo[at] === Handler.Ignore) ||
    (s.process.actionFlags[at] & ActionFlag.NoChildWait) !== 0;
}

/** Frees a zombie and its thread slot; its times go to its parent. */
export function reap(s: State, p: number): void {
  const parent = s.process.parent[p];
  if (parent !== 0) {
    s.process.childTime[parent] += s.process.userTime[p] + s.process.childTime[p];
  }
  const thread = s.process.firstThread[p];
  s.process.firstThread[p] = 0;
  freeThread(s, thread);
  freeProcess(s, p);
}

/** One step of the exit operation. */
export function stepExit(s: State, fx: Effects, hart: number, thread: number): number {
  const p = s.thread.process[thread];
  const cursor = thread * 6 + 5;
  switch (s.thread.cursor[cursor]) {
    case Stage.Files:
      releaseFiles(s, fx, hart, p);
      if (closeNames(s, fx, hart, p) === 0) return Result.Pending;
      s.thread.cursor[cursor] = Stage.Space;
      return Result.Pending;
    case Stage.Space:
      // The page tables the hart's satp names are about to go.
      if (s.hart.runningSpace[hart + 1] !== 0) {
        s.hart.runningSpace[hart + 1] = 0;
        fx.switchTo(hart, 0, 0, 0);
      }
      if (!releaseSpaceStep(s, fx, p)) return Result.Pending;
      releaseVfork(s, fx, hart, p);
      s.thread.cursor[cursor] = Stage.Children;
      return Result.Pending;
    case Stage.Children:
      // When init ends the boot ends: its children stay its own until they are reaped.
      if (p !== s.kernel.init[ONE] && !reparentStep(s, fx, hart, p)) return Result.Pending;
      break;
  }
  becomeZombie(s, fx, hart, thread, p);
  return Result.NoReturn;
}

function becomeZombie(s: State, fx: Effects, hart: number, thread: number, p: number): void {
  s.process.userTime[p] += s.thread.userTime[thread];
  s.thread.state[thread] = ThreadState.Dead;
  s.hart.current[hart + 1] = 0;
  s.hart.assigned[hart + 1]--;
  s.process.state[p] = ProcessState.Zombie;
  s.kernel.alive[ONE]--;
  if (p === s.kernel.init[ONE]) {
    s.kernel.exitStatus[ONE] = s.process.exitStatus[p];
    fx.programEnded(s.process.exitStatus[p]);
    return;
  }
  const parent = s.process.parent[p];
  notifyParent(s, fx, hart, p);
  // The thread row goes with it, so the operation that runs on that row ends first.
  if (vanishes(s, parent)) {
    endOperation(s, hart, thread);
    reap(s, p);
  }
}
