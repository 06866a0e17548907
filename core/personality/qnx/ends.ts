import { isId } from "../../cap/namespace.ts";
import type { Effects } from "../../effect.ts";
import { Err } from "../../error.ts";
import type { Event } from "../../event.ts";
import { createChannel, destroyNamed } from "../../ipc/channel.ts";
import { attach, detachNamed } from "../../ipc/connection.ts";
import { messageOf } from "../../ipc/message.ts";
import { ChannelFlag, MessageState } from "../../ipc/tables.ts";
import type { State } from "../../kernel.ts";

/** Makes a channel with the flags of the first argument. */
export function makeChannel(
  s: State,
  fx: Effects,
  e: Event,
  t: number,
  capacity: number,
): number {
  if (e.registers[1] !== 0) return -Err.Invalid;
  const p = s.thread.process[t];
  // A row may be kept for each of its threads.
  if ((e.uint(0) & ChannelFlag.ThreadDeath) !== 0) fx.charge(s.process.threads[p]);
  return createChannel(s, p, e.uint(0), capacity);
}

/** channel_create(flags). */
export function channelCreate(s: State, fx: Effects, e: Event, t: number): number {
  return makeChannel(s, fx, e, t, 0);
}

/** channel_destroy(chid). */
export function channelDestroy(s: State, fx: Effects, e: Event, t: number): number {
  return destroyNamed(s, fx, e.hart, s.thread.process[t], e.argument(0));
}

/** connect_attach(pid, chid): pid 0 is the caller's own. */
export function connectAttach(s: State, fx: Effects, e: Event, t: number): number {
  if (e.int(0) < 0 || !isId(e.argument(1))) return -Err.Invalid;
  return attach(s, fx, s.thread.process[t], e.int(0), e.argument(1));
}

/** connect_detach(coid). */
export function connectDetach(s: State, fx: Effects, e: Event, t: number): number {
  return detachNamed(s, fx, e.hart, s.thread.process[t], e.argument(0));
}

const STATES = 1 << MessageState.Sent | 1 << MessageState.Received | 1 << MessageState.Receiving;
/** Longest time that may be asked for, ns. */
const LONGEST = 2 ** 50;

/** timer_timeout(states, ns): states is a set of 1 << MessageState. */
export function timerTimeout(s: State, _fx: Effects, e: Event, t: number): number {
  const states = e.argument(0);
  if (!(states <= STATES) || (states & ~STATES) !== 0) return -Err.Invalid;
  const message = messageOf(s, t);
  if (message === 0) return -Err.Again;
  // From here on it must succeed.
  s.message.nextStates[message] = states;
  s.message.timeout[message] = Math.min(e.argument(1), LONGEST);
  return 0;
}
