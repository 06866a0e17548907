import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";

/** Bytes of the counters of a channel. */
export const COUNTER_BYTES = 64;

/**
 * Writes the counters of a channel as immediate bytes, each 64 bits: what had to wait, messages
 * received and answered, pulses, posts, what was refused because its sender sent too much and
 * because too much waited, posts that wait now.
 *
 * @returns their offset in `fx.bytes`
 */
export function putCounters(s: State, fx: Effects, channel: number): number {
  const c = s.channel;
  const at = fx.reserveBytes(COUNTER_BYTES);
  fx.setU64(at, c.arrivals[channel]);
  fx.setU64(at + 8, c.received[channel]);
  fx.setU64(at + 16, c.answered[channel]);
  fx.setU64(at + 24, c.pulsed[channel]);
  fx.setU64(at + 32, c.posted[channel]);
  fx.setU64(at + 40, c.limited[channel]);
  fx.setU64(at + 48, c.full[channel]);
  fx.setU64(at + 56, c.ringUsed[channel]);
  return at;
}
