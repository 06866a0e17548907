import { createHash } from "node:crypto";

/** Stores the SHA-256 digest of `bytes[from … from + length)` at the start of `into`. */
export function sha256(bytes: Uint8Array, from: number, length: number, into: Uint8Array): void {
  into.set(createHash("sha256").update(bytes.subarray(from, from + length)).digest());
}
