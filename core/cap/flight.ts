import type { State } from "../kernel.ts";
import { CARRIED } from "../ipc/tables.ts";
import { DESCRIPTORS } from "../proc/tables.ts";
import { freeSlot } from "./namespace.ts";

/**
 * Takes a node that goes out of the message that carries it (`capNode.carrier`), so that the
 * receiver finds an empty slot there. One that was being moved loses the name kept for its return.
 */
export function forgetCarrier(s: State, node: number): void {
  const message = s.capNode.carrier[node];
  const { capability, carried } = s.message;
  for (let at = CARRIED * message; at < CARRIED * message + carried[message]; at++) {
    if (capability[at] === node) capability[at] = 0;
  }
  releaseKept(s, node);
}

/** Frees the name that is kept for a node in flight, if it was moved. */
export function releaseKept(s: State, node: number): void {
  const slot = s.capNode.slot[node];
  if (slot === 0) return;
  s.capNode.slot[node] = 0;
  const sender = s.message.thread[s.capNode.carrier[node]];
  freeSlot(s, s.thread.process[sender], slot - DESCRIPTORS - 1);
}
