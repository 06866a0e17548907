import type { Effects } from "../effect.ts";
import { releaseEnds } from "../ipc/teardown.ts";
import { Err, Result } from "../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32 } from "../event.ts";
import { closeOnExec } from "../cap/descriptor.ts";
import { closeNames } from "../cap/naming.ts";
import { dropInode, holdInode } from "../fs/inode.ts";
import { walkPath } from "../fs/path.ts";
import { InodeKind } from "../fs/tables.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import { ONE, type State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { requestChunk } from "../mem/chunk.ts";
import { findPage, needsChunk } from "../mem/object.ts";
import { mapRegion } from "../mem/region.ts";
import {
  createSpace,
  drainSpace,
  holdSpace,
  releaseSpace,
  STACK_PAGES,
  STACK_TOP_PAGE,
} from "../mem/space.ts";
import { Prot, RegionFlag } from "../mem/tables.ts";
import { releaseOwned } from "../sched/futex_owner.ts";
import { beginRobustList, owesRobustList } from "../sched/futex_robust.ts";
import { clearCall } from "../sched/call.ts";
import { CallStage } from "../sched/call_stage.ts";
import { beginOperation, OperationKind } from "../sched/operation.ts";
import { ThreadState, WaitKind } from "../sched/tables.ts";
import { freeThread } from "../sched/thread.ts";
import { enterTid, leaveTid } from "../sched/tid.ts";
import { waitOn } from "../sched/wait.ts";
import { buildStack, isScript, type StackImage, vectorBytes } from "./exec_arguments.ts";
import { IMAGE_HEAD_BYTES, makeImage } from "./image.ts";
import { doomThread, Handler, isDoomed } from "./signal.ts";
import { setName } from "./process.ts";
import { ImageKind, SEGMENTS, SIGNALS } from "./tables.ts";
import { trampolinePage } from "./trampoline.ts";
import { releaseVfork } from "./vfork.ts";

/** Address after the initial stack. */
export const STACK_TOP = STACK_TOP_PAGE * PAGE_BYTES;
/** Most bytes a stack grows to. */
export const STACK_LIMIT = STACK_PAGES * PAGE_BYTES;
/** Pages the stack region has before it grows. */
const INITIAL_STACK_PAGES = 34;
/** Where position-independent executables are loaded. */
const LOAD_BIAS = 0x15_5555_4000;
const SCRIPT_BYTES = 256;
const EXECUTE_BITS = 0o111;

/** Refuses what cannot be executed at all; 0 or -Err. */
function refuseInode(s: State, inode: number): number {
  if (inode === 0) return -Err.NotFound;
  if (s.inode.kind[inode] === InodeKind.Directory) return -Err.Access;
  if (s.inode.kind[inode] !== InodeKind.File) return -Err.Access;
  if ((s.inode.mode[inode] & EXECUTE_BITS) === 0) return -Err.Access;
  if (s.inode.size[inode] === 0) return -Err.BadExecutable;
  return 0;
}

/**
 * The image of an inode. When it is not known yet the head of the file is sampled, or asked for
 * from the host, and the call runs again afterwards.
 *
 * @returns the image row, -Err, or Result.Pending
 */
function imageOf(s: State, fx: Effects, thread: number, inode: number): number {
  const refused = refuseInode(s, inode);
  if (refused < 0) return refused;
  const image = s.inode.image[inode];
  if (image !== 0) {
    return s.image.kind[image] === ImageKind.Bad ? -s.image.error[image] : image;
  }
  const object = s.inode.object[inode];
  const page = findPage(s, object, 0);
  if (page === 0) {
    // A hole is all zeros.
    if (!needsChunk(s, object, 0)) return -Err.BadExecutable;
    return requestChunk(s, fx, thread, object, 0);
  }
  s.thread.callStage[thread] = CallStage.Sampling;
  s.thread.callArgument[thread * 4] = inode;
  fx.sampleFrame(s.objectPage.frame[page], 0, Math.min(s.inode.size[inode], IMAGE_HEAD_BYTES));
  return Result.Pending;
}

/** Takes the sampled head of an executable; the call then runs again from its `ecall`. */
export function takeImageSample(s: State, e: Event, thread: number): number {
  const inode = s.thread.callArgument[thread * 4];
  s.thread.callStage[thread] = CallStage.None;
  s.thread.callArgument[thread * 4] = 0;
  const image = makeImage(s, inode, e, s.inode.size[inode]);
  return image < 0 ? image : Result.Restart;
}

/** Maps the segments of an image into a space; 0 or -Err. */
function mapImage(s: State, fx: Effects, space: number, inode: number, image: number): number {
  const bias = biasOf(s, image);
  const object = s.inode.object[inode];
  const zero = s.memory.zeroObject[ONE];
  let heap = 0;
  for (let i = 0; i < s.image.segments[image]; i++) {
    const at = image * SEGMENTS + i;
    const address = bias + s.image.segmentAddress[at];
    const prot = s.image.segmentProt[at];
    const slack = address % PAGE_BYTES;
    const start = (address - slack) / PAGE_BYTES;
    const fileBytes = slack + s.image.segmentFile[at];
    const fileEnd = start + Math.ceil(fileBytes / PAGE_BYTES);
    const end = Math.ceil((address + s.image.segmentMemory[at]) / PAGE_BYTES);
    const objectPage = (s.image.segmentOffset[at] - slack) / PAGE_BYTES;
    if (s.image.segmentFile[at] > 0) {
      // A read-only segment may show the rest of its last file page, as everywhere.
      const exact = (prot & Prot.Write) !== 0 ||
        s.image.segmentMemory[at] > s.image.segmentFile[at];
      const bytes = exact ? fileBytes : (fileEnd - start) * PAGE_BYTES;
      const r = mapRegion(s, fx, space, start, fileEnd, prot, 0, object, objectPage, bytes);
      if (r < 0) return r;
    }
    const zeroStart = s.image.segmentFile[at] > 0 ? fileEnd : start;
    if (end > zeroStart) {
      const r = mapRegion(s, fx, space, zeroStart, end, prot, 0, zero, 0, 0);
      if (r < 0) return r;
    }
    heap = end;
  }
  s.addressSpace.heapStart[space] = heap;
  s.addressSpace.heapEndBytes[space] = heap * PAGE_BYTES;
  return 0;
}

/** Maps what every space has beside its program: stack and trampoline; 0 or -Err. */
export function mapStackAndTrampoline(s: State, fx: Effects, space: number): number {
  const top = STACK_TOP / PAGE_BYTES;
  s.addressSpace.stackTop[space] = top;
  const zero = s.memory.zeroObject[ONE];
  const stack = mapRegion(
    s,
    fx,
    space,
    top - INITIAL_STACK_PAGES,
    top,
    Prot.Read | Prot.Write,
    RegionFlag.GrowsDown,
    zero,
    0,
    0,
  );
  if (stack < 0) return stack;
  return mapRegion(
    s,
    fx,
    space,
    trampolinePage,
    trampolinePage + 1,
    Prot.Read | Prot.Execute,
    RegionFlag.Shared,
    s.kernel.trampoline[ONE],
    0,
    PAGE_BYTES,
  );
}

/** Leaves what findProgram found for `execute`; returns the image. */
function found(s: State, inode: number, script: number, image: number): number {
  s.kernel.execInode[ONE] = inode;
  s.kernel.execScript[ONE] = script;
  return image;
}

/**
 * Finds the program an inode leads to: itself, or the interpreter its #! line names.
 *
 * @returns the program's image, with inode and script in `s.kernel.exec*`; -Err, or Result.Pending
 */
function findProgram(s: State, fx: Effects, thread: number, first: number): number {
  const script = imageOf(s, fx, thread, first);
  if (script < 0) return script;
  if (!isScript(s, script)) return found(s, first, 0, script);
  let length = 0;
  while (s.image.script[script * SCRIPT_BYTES + length] !== 0) length++;
  const at = fx.putBytes(s.image.script, script * SCRIPT_BYTES, length);
  const p = s.thread.process[thread];
  const walked = walkPath(s, fx, p, s.process.cwd[p], fx.bytes, at, length, true);
  if (walked < 0) return walked;
  const interpreter = s.fileSystem.walkInode[ONE];
  const image = imageOf(s, fx, thread, interpreter);
  if (image < 0) return image;
  // Only one line is kept, so an interpreter that is itself a script is refused.
  if (isScript(s, image)) return -Err.BadExecutable;
  return found(s, interpreter, script, image);
}

/**
 * execve: replaces the program of the running thread's process. The old space is left only when
 * the new one is complete, and the other threads of the process have ended: this one is then its
 * first, whichever it was.
 *
 * @returns Result.NoReturn, Result.Pending, or -Err
 */
export function execute(s: State, fx: Effects, e: Event, thread: number): number {
  const p = s.thread.process[thread];
  const pathAt = argumentAt(e, 0);
  if (pathAt < 0) return -Err.Invalid;
  const length = payloadU32(e, pathAt);
  if (length === ArgumentLength.Absent) return -Err.BadAddress;
  if (length === ArgumentLength.TooLong) return -Err.NameTooLong;
  if (vectorBytes(e, 1) < 0) return vectorBytes(e, 1);
  if (vectorBytes(e, 2) < 0) return vectorBytes(e, 2);
  const walked = walkPath(s, fx, p, s.process.cwd[p], e.payload, pathAt + 4, length, true);
  if (walked < 0) return walked;
  const image = findProgram(s, fx, thread, s.fileSystem.walkInode[ONE]);
  if (image < 0) return image;
  const inode = s.kernel.execInode[ONE];
  const script = s.kernel.execScript[ONE];
  s.kernel.execInode[ONE] = 0;
  s.kernel.execScript[ONE] = 0;
  // Somebody ends this thread: it must not end others.
  if (isDoomed(s, thread)) return Result.Restart;
  const space = createSpace(s, fx);
  if (space < 0) return space;
  const sp = fillSpace(s, fx, e, thread, space, inode, image, script);
  if (sp < 0) {
    // What a failed exec built is a handful of regions and stack pages: one step drains it.
    while (drainSpace(s, fx, space) === 0);
    releaseSpace(s, space);
    return sp;
  }

  // From here on it must succeed.
  rename(s, e, p);
  holdInode(s, inode);
  holdSpace(s, space);
  s.process.execSpace[p] = space;
  s.process.execInode[p] = inode;
  s.process.execEntry[p] = biasOf(s, image) + s.image.entry[image];
  s.process.execStack[p] = sp;
  if (s.process.threads[p] === 1) return finishExecute(s, fx, e.hart, thread);
  s.process.execThread[p] = thread;
  evictOthers(s, fx, e.hart, thread);
  waitOn(s, thread, WaitKind.Threads, p);
  return Result.Pending;
}

/** Tells the other threads of a process to end: theirs is the program that goes. */
function evictOthers(s: State, fx: Effects, hart: number, thread: number): void {
  const p = s.thread.process[thread];
  for (let t = s.process.firstThread[p]; t !== 0; t = s.thread.nextInProcess[t]) {
    if (t !== thread && s.thread.state[t] !== ThreadState.Dead) {
      doomThread(s, fx, hart, t);
    }
  }
}

/** Makes the only living thread of a process its first one, with the id of the process. */
function becomeFirst(s: State, thread: number): void {
  const p = s.thread.process[thread];
  const first = s.process.firstThread[p];
  if (first === thread) return;
  freeThread(s, first);
  leaveTid(s, thread);
  s.thread.tid[thread] = s.process.pid[p];
  enterTid(s, thread);
}

/**
 * The end of an execve: the process has one thread, which runs on this hart, and a complete new
 * space. Nothing of the old one is looked at: other threads may have changed it since.
 *
 * @returns Result.NoReturn, or Result.Pending while the old space is drained
 */
export function finishExecute(s: State, fx: Effects, hart: number, thread: number): number {
  if (owesRobustList(s, thread)) {
    s.process.execThread[s.thread.process[thread]] = thread;
    beginRobustList(s, fx, hart, thread);
    return Result.Pending;
  }
  s.process.execThread[s.thread.process[thread]] = 0;
  clearCall(s, thread);
  becomeFirst(s, thread);
  enterProgram(s, fx, hart, thread);
  return leaveOldSpace(s, fx, hart, thread, s.kernel.execOld[ONE]);
}

/** What is added to the addresses of an image. */
function biasOf(s: State, image: number): number {
  return s.image.relocatable[image] === 1 ? LOAD_BIAS : 0;
}

/** Fills a new space while the process still has its old one; the stack pointer or -Err. */
function fillSpace(
  s: State,
  fx: Effects,
  e: Event,
  thread: number,
  space: number,
  inode: number,
  image: number,
  script: number,
): number {
  const p = s.thread.process[thread];
  const mapped = mapImage(s, fx, space, inode, image);
  if (mapped < 0) return mapped;
  const around = mapStackAndTrampoline(s, fx, space);
  if (around < 0) return around;
  const bias = biasOf(s, image);
  const program: StackImage = {
    entry: bias + s.image.entry[image],
    headers: s.image.headerAddress[image] === 0 ? 0 : bias + s.image.headerAddress[image],
    headerCount: s.image.headerCount[image],
  };
  // User copies go to the space of the thread's process, so it changes spaces for the while.
  const old = s.process.space[p];
  s.process.space[p] = space;
  const sp = buildStack(s, fx, e, thread, STACK_TOP, script, program);
  s.process.space[p] = old;
  return sp;
}

function resetHandlers(s: State, p: number): void {
  for (let signal = 1; signal <= SIGNALS; signal++) {
    const at = p * (SIGNALS + 1) + signal;
    const ignored = s.process.handlerHi[at] === 0 && s.process.handlerLo[at] === Handler.Ignore;
    s.process.handlerHi[at] = 0;
    s.process.handlerLo[at] = ignored ? Handler.Ignore : Handler.Default;
    s.process.actionFlags[at] = 0;
    s.process.actionMaskLo[at] = 0;
    s.process.actionMaskHi[at] = 0;
  }
}

/** Names the process after the last component of the path. */
function rename(s: State, e: Event, p: number): void {
  const at = argumentAt(e, 0);
  const length = payloadU32(e, at);
  let begin = length;
  while (begin > 0 && e.payload[at + 4 + begin - 1] !== 0x2f) begin--;
  setName(s, p, e.payload, at + 4 + begin, length - begin);
}

function enterProgram(s: State, fx: Effects, hart: number, thread: number): void {
  const p = s.thread.process[thread];
  closeOnExec(s, fx, hart, p);
  resetHandlers(s, p);
  const executable = s.process.executable[p];
  s.process.executable[p] = s.process.execInode[p];
  s.process.execInode[p] = 0;
  if (executable !== 0) dropInode(s, fx, hart, executable);
  s.kernel.execOld[ONE] = s.process.space[p];
  s.process.space[p] = s.process.execSpace[p];
  s.process.execSpace[p] = 0;
  s.hart.runningSpace[hart + 1] = 0;
  s.thread.clearTid[thread] = 0;
  releaseOwned(s, fx, hart, thread);
  s.thread.robustHead[thread] = 0;
  fx.clearRegisters(thread);
  fx.setRegister(thread, roleRegister.sp, s.process.execStack[p]);
  fx.setRegister(thread, roleRegister.pc, s.process.execEntry[p]);
  s.process.execStack[p] = 0;
  s.process.execEntry[p] = 0;
  releaseVfork(s, fx, hart, p);
}

/**
 * Leaves the old space, to others that use it or drained by an operation, and the native names,
 * which mean nothing to the new program.
 */
function leaveOldSpace(s: State, fx: Effects, hart: number, thread: number, old: number): number {
  s.kernel.execOld[ONE] = 0;
  const p = s.thread.process[thread];
  if (s.addressSpace.refs[old] > 1) {
    releaseSpace(s, old);
    if (s.process.namePages[p] === 0) return Result.NoReturn;
  } else {
    fx.switchTo(hart, 0, 0, 0);
    s.process.oldSpace[p] = old;
  }
  beginOperation(s, fx, hart, thread, OperationKind.Exec);
  return Result.Pending;
}

/** One step of dropping the native names and draining the space an exec left. */
export function stepExec(s: State, fx: Effects, hart: number, thread: number): number {
  const p = s.thread.process[thread];
  if (s.process.namePages[p] !== 0) {
    if (releaseEnds(s, fx, p)) closeNames(s, fx, hart, p);
    return Result.Pending;
  }
  const old = s.process.oldSpace[p];
  if (old === 0) return Result.NoReturn;
  if (drainSpace(s, fx, old) === 0) return Result.Pending;
  s.process.oldSpace[p] = 0;
  releaseSpace(s, old);
  return Result.NoReturn;
}
