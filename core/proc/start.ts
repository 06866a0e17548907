import type { Effects } from "../effect.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32 } from "../event.ts";
import { holdInode } from "../fs/inode.ts";
import { openStandard } from "../fs/standard.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import { ONE, type State } from "../kernel.ts";
import { createSpace, holdSpace } from "../mem/space.ts";
import { writeUser } from "../mem/user_copy.ts";
import { createThread, leastLoadedHart, startThread } from "../sched/thread.ts";
import { assert } from "../assert.ts";
import { mapStackAndTrampoline, STACK_TOP } from "./exec.ts";
import { vectorBytes, vectorCount } from "./exec_arguments.ts";
import { createProcess } from "./process.ts";
import { ProcessState } from "./tables.ts";
import { START_OFFSET, trampolineAddress } from "./trampoline.ts";
import { Signal } from "./signal_numbers.ts";

const UMASK = 0o022;

/** Whether a Start event's payload holds a path and two string vectors. */
export function isStartPayload(e: Event): boolean {
  const at = argumentAt(e, 0);
  return at >= 0 && payloadU32(e, at) < ArgumentLength.TooLong && vectorBytes(e, 1) >= 0 &&
    vectorBytes(e, 2) >= 0 && argumentAt(e, 2) >= 0;
}

/** Reserves a vector of pointers to consecutive strings; returns its offset. */
function pointers(fx: Effects, strings: number, count: number, address: number): number {
  const at = fx.reserveBytes(8 * (count + 1));
  let from = strings;
  for (let i = 0; i < count; i++) {
    fx.setU64(at + 8 * i, address + from - strings);
    while (fx.bytes[from] !== 0) from++;
    from++;
  }
  fx.setU64(at + 8 * count, 0);
  return at;
}

/**
 * Makes process 1. It starts in the trampoline page, whose code calls execve with the arguments
 * left on its stack, so that the first program is loaded by the same path as every other.
 */
export function startInit(s: State, fx: Effects, e: Event): void {
  const p = createProcess(s, 0);
  assert(p !== 0, "an empty process table has room");
  const thread = createThread(s, p, s.process.pid[p]);
  const space = createSpace(s, fx);
  assert(thread !== 0 && space > 0, "empty tables have room");
  s.process.space[p] = space;
  holdSpace(s, space);
  assert(mapStackAndTrampoline(s, fx, space) >= 0, "an empty space has room");
  s.process.group[p] = s.process.pid[p];
  s.process.session[p] = s.process.pid[p];
  s.process.umask[p] = UMASK;
  s.process.exitSignal[p] = Signal.Chld;
  const root = s.kernel.rootInode[ONE];
  s.process.root[p] = root;
  s.process.cwd[p] = root;
  holdInode(s, root);
  holdInode(s, root);
  openStandard(s, fx, p);

  const pathAt = argumentAt(e, 0);
  const pathLength = payloadU32(e, pathAt);
  const begin = fx.putBytes(e.payload, pathAt + 4, pathLength);
  fx.bytes[fx.reserveBytes(1)] = 0;
  const argv = fx.putBytes(e.payload, argumentAt(e, 1) + 8, vectorBytes(e, 1));
  const envp = fx.putBytes(e.payload, argumentAt(e, 2) + 8, vectorBytes(e, 2));
  const total = fx.bytesLength - begin;
  const strings = Math.floor((STACK_TOP - total) / 16) * 16;
  const argc = vectorCount(e, 1);
  const envc = vectorCount(e, 2);
  const argvAt = pointers(fx, argv, argc, strings + argv - begin);
  const envpAt = pointers(fx, envp, envc, strings + envp - begin);
  const vectors = 8 * (argc + envc + 2);
  const sp = Math.floor((strings - vectors) / 16) * 16;
  assert(writeUser(s, fx, e.hart, thread, strings, begin, total) >= 0, "a fresh stack is writable");
  assert(writeUser(s, fx, e.hart, thread, sp, argvAt, vectors) >= 0, "a fresh stack is writable");
  fx.clearRegisters(thread);
  fx.setRegister(thread, roleRegister.sp, sp);
  fx.setRegister(thread, roleRegister.a0, strings);
  fx.setRegister(thread, roleRegister.a1, sp);
  fx.setRegister(thread, roleRegister.a2, sp + envpAt - argvAt);
  fx.setRegister(thread, roleRegister.pc, trampolineAddress + START_OFFSET);
  s.process.state[p] = ProcessState.Live;
  s.kernel.alive[ONE]++;
  startThread(s, fx, e.hart, thread, leastLoadedHart(s, thread, e.hart));
}
