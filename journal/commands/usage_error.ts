/** The command line cannot be understood; the message is one line that says what would be. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(message: string) {
    super(message.replace(/\p{Cc}/gu, "?"));
  }
}
