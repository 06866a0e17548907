import type { ToyCall } from "../../syscall/toy_table.ts";
import type { Handler } from "../handler.ts";
import { grow, leave, rest, say, ticks } from "./calls.ts";

/** The toy calls' handlers; a call without one does not compile. */
export const toyHandlers: Readonly<Record<ToyCall, Handler>> = { say, ticks, rest, grow, leave };
