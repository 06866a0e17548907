import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { releasePipe } from "./pipe_row.ts";
import { CallStage } from "../sched/call_stage.ts";

/**
 * Gives the pipe of a fifo back after a signal has ended a wait in open, if nobody else has the fifo
 * open or waits in open: nothing else would before the fifo is unlinked.
 *
 * @param thread one that waits no longer, whatever it waited for
 */
export function abandonFifo(s: State, fx: Effects, thread: number): void {
  if (s.thread.callStage[thread] !== CallStage.OpenFifo) return;
  releaseIdleFifo(s, fx, s.thread.callArgument[4 * thread]);
}

/** Gives the pipe of a fifo back if nobody has either end open, and nobody waits in open. */
export function releaseIdleFifo(s: State, fx: Effects, inode: number): void {
  const pipe = s.inode.pipe[inode];
  if (pipe === 0 || s.pipe.readers[pipe] !== 0 || s.pipe.writers[pipe] !== 0) return;
  if (s.pipe.readHead[pipe] !== 0 || s.pipe.writeHead[pipe] !== 0) return;
  s.inode.pipe[inode] = 0;
  releasePipe(s, fx, pipe);
}
