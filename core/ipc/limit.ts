import { Err } from "../error.ts";
import type { State } from "../kernel.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { Invalid, RateLimited } = Err;

/** Highest rate a limit may name, messages a second: beyond it whole ns between two are coarse. */
export const HIGHEST_RATE = 1e6;
/** Most messages that may come at once. */
export const LARGEST_BURST = 2 ** 20;

/**
 * Limits what may come through each connection to a channel: messages, pulses and posts. Each has
 * a bucket of its own of `burst` credits, one for each message, that fills at `rate`. It is kept as
 * the time at which it is full again, so that it needs no timer: whole ns, of events alone.
 *
 * @param rate messages a second; 0 for no limit
 * @returns 0, or -Err.Invalid for a rate or burst that is none
 */
export function limitChannel(s: State, channel: number, rate: number, burst: number): number {
  if (rate > HIGHEST_RATE || burst > LARGEST_BURST) return -Invalid;
  if (rate > 0 && burst === 0) return -Invalid;
  const interval = rate === 0 ? 0 : Math.ceil(1e9 / rate);
  s.channel.limitInterval[channel] = interval;
  s.channel.limitWindow[channel] = interval * burst;
  return 0;
}

/** When a connection's bucket is full again, if a message is taken from it now, ns. */
function fullAgain(s: State, channel: number, connection: number, now: number): number {
  const window = s.channel.limitWindow[channel];
  // Under a limit that was set anew nobody owes more than a bucket of it.
  const owed = Math.min(s.connection.fullAt[connection], now + window);
  return Math.max(owed, now) + s.channel.limitInterval[channel];
}

/**
 * Whether a message may come through a connection now; one that may not is counted.
 *
 * @param now time of the event, ns
 * @returns 0 or -Err.RateLimited
 */
export function mayCome(s: State, channel: number, connection: number, now: number): number {
  if (s.channel.limitInterval[channel] === 0) return 0;
  const ahead = fullAgain(s, channel, connection, now) - now;
  if (ahead <= s.channel.limitWindow[channel]) return 0;
  s.channel.limited[channel]++;
  return -RateLimited;
}

/** Takes the credit of a message that `mayCome`. */
export function takeCredit(s: State, channel: number, connection: number, now: number): void {
  if (s.channel.limitInterval[channel] === 0) return;
  s.connection.fullAt[connection] = fullAgain(s, channel, connection, now);
}

/**
 * Takes the credit of a pulse or post that `mayCome`, unless it was refused for another reason.
 *
 * @param result of sending it: 0 or -Err
 * @returns the result
 */
export function settleCredit(
  s: State,
  channel: number,
  connection: number,
  now: number,
  result: number,
): number {
  if (result === 0) takeCredit(s, channel, connection, now);
  return result;
}

/** Gives the credit back of a message that nobody received and that is sent again. */
export function returnCredit(s: State, connection: number): void {
  const channel = s.connection.channel[connection];
  // Detached meanwhile, or without a channel.
  if (connection === 0 || channel === 0) return;
  const { fullAt } = s.connection;
  fullAt[connection] = Math.max(0, fullAt[connection] - s.channel.limitInterval[channel]);
}
