import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";
import { ownPriority } from "../sched/effective_priority.ts";
import { assignMessagePriority, clearMessagePriority } from "../sched/priority.ts";
import { ThreadState } from "../sched/tables.ts";
import { isCurrent } from "../state/table.ts";
import { noteArrival } from "./arrival.ts";
import { ChannelFlag } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { FixedPriority } = ChannelFlag;
const { Dead } = ThreadState;

/**
 * Takes note that a message was put elsewhere in the queue it waits in: behind its equals there.
 */
export function noteResort(s: State, thread: number, channel: number): void {
  s.message.arrival[s.thread.message[thread]] = noteArrival(s, channel);
}

function inherits(s: State, channel: number): boolean {
  return (s.channel.flags[channel] & FixedPriority) === 0;
}

/**
 * Gives a server the priority of what it has received, up or down, until it receives again.
 *
 * @param thread the server's thread
 */
export function servePriority(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  thread: number,
  priority: number,
): void {
  s.channel.server[channel] = thread;
  s.channel.serverGeneration[channel] = s.thread.$generation[thread];
  if (!inherits(s, channel)) return;
  assignMessagePriority(s, fx, h, thread, priority);
}

/** Ends what a thread has inherited by an earlier receive: it receives again. */
export function endService(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  thread: number,
): void {
  if (s.channel.server[channel] === thread) s.channel.server[channel] = 0;
  clearMessagePriority(s, fx, h, thread);
}

/**
 * Raises the server that last received from a channel, while it is busy, to the priority of a
 * message that waits: one hop, for whoever the server waits for itself is not raised.
 */
export function boostServer(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  priority: number,
): void {
  const server = s.channel.server[channel];
  if (server === 0 || !inherits(s, channel)) return;
  if (!isCurrent(s.thread, server, s.channel.serverGeneration[channel])) return;
  if (s.thread.state[server] === Dead || ownPriority(s, server) >= priority) return;
  assignMessagePriority(s, fx, h, server, priority);
}
