import { unreachable } from "../assert.ts";
import type { Effects } from "../effect.ts";
import { stepRevoke } from "../cap/revoke.ts";
import { stepSendFile } from "../fs/sendfile.ts";
import { stepRead, stepWrite } from "../fs/transfer.ts";
import { stepTruncate } from "../fs/truncate.ts";
import { stepVector } from "../fs/vector.ts";
import type { State } from "../kernel.ts";
import { stepProtect } from "../mem/protect.ts";
import { stepRemap } from "../mem/remap.ts";
import { stepDiscard, stepUnmap } from "../mem/unmap.ts";
import { stepExec } from "../proc/exec.ts";
import { stepExit } from "../proc/exit.ts";
import { stepFork } from "../proc/fork.ts";
import { stepKill } from "../proc/kill.ts";
import { stepFutexWake } from "../sched/futex.ts";
import { stepRobustList } from "../sched/futex_robust.ts";
import { OperationKind } from "../sched/operation.ts";

/**
 * Takes one step, of at most UNITS units, of the long operation of a thread on its own hart.
 *
 * @returns Result.Pending while there is more to do, else what its call returns
 */
export function stepOperation(s: State, fx: Effects, hart: number, thread: number): number {
  switch (s.thread.operation[thread]) {
    case OperationKind.Fork:
      return stepFork(s, fx, hart, thread);
    case OperationKind.Exec:
      return stepExec(s, fx, hart, thread);
    case OperationKind.Exit:
      return stepExit(s, fx, hart, thread);
    case OperationKind.Unmap:
      return stepUnmap(s, fx, hart, thread);
    case OperationKind.Protect:
      return stepProtect(s, fx, hart, thread);
    case OperationKind.Remap:
      return stepRemap(s, fx, hart, thread);
    case OperationKind.Discard:
      return stepDiscard(s, fx, hart, thread);
    case OperationKind.Read:
      return stepRead(s, fx, hart, thread);
    case OperationKind.Write:
      return stepWrite(s, fx, hart, thread);
    case OperationKind.Kill:
      return stepKill(s, fx, hart, thread);
    case OperationKind.ReadVector:
    case OperationKind.WriteVector:
      return stepVector(
        s,
        fx,
        hart,
        thread,
        s.thread.operation[thread] === OperationKind.WriteVector,
      );
    case OperationKind.SendFile:
      return stepSendFile(s, fx, hart, thread);
    case OperationKind.Truncate:
      return stepTruncate(s, fx, hart, thread);
    case OperationKind.Revoke:
      return stepRevoke(s, fx, hart, thread);
    case OperationKind.FutexWake:
      return stepFutexWake(s, fx, hart, thread);
    case OperationKind.RobustList:
      return stepRobustList(s, fx, hart, thread);
    default:
      return unreachable("every long operation has a step");
  }
}
