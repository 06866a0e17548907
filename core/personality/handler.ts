import type { Effects } from "../effect.ts";
import type { Event } from "../event.ts";
import type { State } from "../kernel.ts";

/**
 * Answers one call of the running thread.
 *
 * @returns a value, -Err, or a Result
 */
export type Handler = (s: State, fx: Effects, e: Event, thread: number) => number;
