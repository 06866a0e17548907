/** Why the host refused. */
export type HostErrorKind = "not-found" | "denied" | "wrong-kind" | "invalid" | "failed";

/** Something of the host could not be used; the message is one line for the user. */
export class HostError extends Error {
  override readonly name = "HostError";

  constructor(readonly kind: HostErrorKind, message: string) {
    super(message.replaceAll("\n", " "));
  }
}

/** What an exception of the host means, in words without the host's own numbering. */
export function reasonOf(error: unknown): { kind: HostErrorKind; reason: string } {
  if (error instanceof Deno.errors.NotFound) return { kind: "not-found", reason: "no such file" };
  if (error instanceof Deno.errors.PermissionDenied) {
    return { kind: "denied", reason: "permission denied" };
  }
  if (error instanceof Deno.errors.NotCapable) {
    return { kind: "denied", reason: "Deno was not given permission to read it" };
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return { kind: "wrong-kind", reason: "it is a directory" };
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return { kind: "not-found", reason: "a part of the path is not a directory" };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { kind: "failed", reason: text.replace(/ \(os error \d+\).*$/s, "") };
}
