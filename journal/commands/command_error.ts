/** A command cannot do what it was asked; the message is one line for the user. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  /** @param status exit status of the command */
  constructor(readonly status: number, message: string, options?: ErrorOptions) {
    super(message.replace(/\p{Cc}/gu, "?"), options);
  }
}
