import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { AccessKind } from "../event.ts";
import type { State } from "../kernel.ts";
import { findReceipt } from "./message.ts";
import { copyParts, resolveParts, Side } from "./parts.ts";

/**
 * Copies a part of a message that was received, from the memory of its sender, to where the
 * server's own message row describes. What was sent in registers has no memory.
 *
 * @param own message row of the running thread
 * @param offset bytes of the message left out
 * @returns bytes copied; -Err.NoProcess when nobody waits for that reply; -Err.ServerFault when the
 * server's memory cannot be written, -Err.BadAddress when the sender's cannot be read: it waits on;
 * -Err.NoMemory, or Result.Pending with the server blocked
 */
export function readMessage(
  s: State,
  fx: Effects,
  h: number,
  own: number,
  receipt: number,
  offset: number,
): number {
  const m = s.message;
  const message = findReceipt(s, s.thread.process[m.thread[own]], receipt);
  if (message === 0) return -Err.NoProcess;
  if (m.inMemory[message] === 0 || !(offset < m.sendLength[message])) return 0;
  const length = Math.min(m.replyLength[own], m.sendLength[message] - offset);
  const ready = resolveParts(s, fx, h, own, Side.Fill, length, AccessKind.Write);
  if (ready < 0) return ready === -Err.BadAddress ? -Err.ServerFault : ready;
  const thread = m.thread[own];
  const there = resolveParts(
    s,
    fx,
    h,
    message,
    Side.Send,
    offset + length,
    AccessKind.Read,
    thread,
  );
  if (there < 0) return there;
  // From here on it must succeed.
  copyParts(s, fx, message, Side.Send, own, Side.Fill, length, offset);
  return length;
}
