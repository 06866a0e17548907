/** Whether two files hold the same bytes. */
import { createHash } from "node:crypto";

const digest = (path: string): string =>
  createHash("sha256").update(Deno.readFileSync(path)).digest("hex");

/** @throws when they do not, naming what made the first and where the second is from */
export function requireSame(path: string, other: string, what: string, where: string): void {
  if (digest(path) !== digest(other)) throw new Error(`${what} prints something else ${where}`);
}
