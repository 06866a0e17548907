/**
 * A defect of the kernel or the machine, never a user's doing. The offending event is in the
 * journal's sink; the command that runs the machine finishes the journal, prints the message and
 * exits with 70.
 */
export class MachineDefect extends Error {
  override readonly name = "MachineDefect";

  /** @param order number of the event being handled */
  constructor(message: string, readonly order: number, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The host could not take what the guest wrote: a full disk, a device error. */
export class OutputError extends Error {
  override readonly name = "OutputError";

  constructor(readonly stream: number) {
    super(`cannot write to standard ${stream === 2 ? "error" : "output"} of the host`);
  }
}
