import { Err } from "../error.ts";
import type { State } from "../kernel.ts";
import { wasName } from "./namespace.ts";
import { lookupToken } from "./naming.ts";
import { isAlive } from "./object.ts";

/**
 * Finds the capability a token names, though its object may be gone.
 *
 * @param token as a user gave it, any 64-bit value
 * @returns the node, -Err.NoCapability or -Err.StaleCapability
 */
export function findToken(s: State, process: number, token: number): number {
  const node = lookupToken(s, process, token);
  if (node !== 0) return node;
  return wasName(s, process, token) ? -Err.StaleCapability : -Err.NoCapability;
}

/**
 * Finds the capability a token names, in constant time.
 *
 * @param token as a user gave it, any 64-bit value
 * @param kind the CapKind it must be of; 0 for any
 * @param rights Right bits it must have
 * @returns the node, -Err.NoCapability, -Err.StaleCapability, -Err.WrongKind or -Err.FewerRights
 */
export function checkToken(
  s: State,
  process: number,
  token: number,
  kind: number,
  rights: number,
): number {
  const node = findToken(s, process, token);
  if (node < 0) return node;
  const c = s.capNode;
  if (kind !== 0 && c.kind[node] !== kind) return -Err.WrongKind;
  if (!isAlive(s, node)) return -Err.StaleCapability;
  if ((c.rights[node] & rights) !== rights) return -Err.FewerRights;
  return node;
}
