import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { completeCall } from "../sched/call.ts";
import { WaitKind } from "../sched/tables.ts";
import { firstWaiter } from "../sched/wait.ts";

/**
 * Lets the parent of a vfork child go on: the child has a space of its own now, or is gone. The
 * parent's call is completed, not run again: a signal that came meanwhile must find it done, or it
 * would make another child.
 *
 * @param hart number of the event's hart
 * @param child process row of the child
 */
export function releaseVfork(s: State, fx: Effects, hart: number, child: number): void {
  // Nobody but its parent waits for a child.
  const parent = firstWaiter(s, WaitKind.Vfork, child);
  if (parent !== 0) completeCall(s, fx, hart, parent, s.process.pid[child]);
}
