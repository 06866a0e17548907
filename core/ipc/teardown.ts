import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { UNITS } from "../limits.ts";
import { destroyChannel, drainChannel } from "./channel.ts";
import { detach, drainConnection } from "./connection.ts";

/** Whether channels or connections are being taken apart. */
export function hasDyingEnds(s: State): boolean {
  return s.ipc.dyingChannel[ONE] !== 0 || s.ipc.dyingConnection[ONE] !== 0;
}

/**
 * Takes channels and connections further apart, as far as the event's UNITS go: called at the end
 * of every event that finds some. Connections go first, so that a client that ends with its server
 * is not told of it.
 *
 * @param h number of the event's hart
 */
export function drainEnds(s: State, fx: Effects, h: number): void {
  while (fx.woken < UNITS && s.ipc.dyingConnection[ONE] !== 0) drainConnection(s, fx, h);
  while (fx.woken < UNITS && s.ipc.dyingChannel[ONE] !== 0) {
    if (drainChannel(s, fx, h)) fx.woken++;
  }
  fx.charge(fx.woken);
}

/**
 * Takes the channels and connections of a process that ends from it, as far as the event goes.
 *
 * @returns whether none is left
 */
export function releaseEnds(s: State, fx: Effects, p: number): boolean {
  for (; fx.woken < UNITS; fx.woken++) {
    const connection = s.process.firstConnection[p];
    if (connection === 0) break;
    detach(s, fx, connection);
  }
  for (; fx.woken < UNITS; fx.woken++) {
    const channel = s.process.firstChannel[p];
    if (channel === 0) break;
    destroyChannel(s, channel);
  }
  return s.process.firstConnection[p] === 0 && s.process.firstChannel[p] === 0;
}
