import { unreachable } from "../assert.ts";
import type { Effects } from "../effect.ts";
import type { State } from "../kernel.ts";

/**
 * Takes a node that goes out of the message that carries it (`capNode.carrier`), so that the
 * receiver finds an empty slot there.
 */
export function forgetCarrier(_s: State, _fx: Effects, _hart: number, node: number): void {
  unreachable(`nothing carries capabilities yet, but node ${node} is in flight`);
}

/**
 * Ends a message whose receiver loses its receive id without answering: the sender gets an error.
 * It frees the name in `slot`.
 */
export function forgetMessage(
  _s: State,
  _fx: Effects,
  _hart: number,
  _process: number,
  slot: number,
  _message: number,
): void {
  unreachable(`no message has a receive id yet, but name slot ${slot} stands for one`);
}
