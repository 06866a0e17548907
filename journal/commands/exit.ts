/** Exit statuses of the commands (DESIGN.md §9). */

/** Of every command. */
export const Exit = {
  Ok: 0,
  /** A check failed: a marker missing, a replay diverged, the books do not balance. */
  Failed: 1,
  /** The file, or the command line, could not be read. */
  Unreadable: 2,
  /** All is well up to some event, and there the journal is cut or damaged. */
  Partial: 3,
} as const;

/** Of `run`, beside the program's own. */
export const RunExit = {
  /** Our defect: an assertion of the kernel failed. */
  Defect: 70,
  /** The time or instruction limit was reached. */
  Limit: 124,
  /** Daybook itself failed, or the program deadlocked. */
  Daybook: 125,
  /** The program cannot be executed, or is for another machine. */
  NotExecutable: 126,
  /** There is no such program. */
  NotFound: 127,
  /** Added to the number of the signal that killed the program. */
  Signal: 128,
} as const;

/**
 * The exit status for a process's wait status.
 *
 * @param status as wait4 gives it: exit code in bits 8 to 15, or a signal number in bits 0 to 6
 */
export function statusOfProgram(status: number): number {
  const signal = status & 0x7f;
  return signal !== 0 ? RunExit.Signal + signal : (status >>> 8) & 0xff;
}
