import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { Event } from "../event.ts";
import type { State } from "../kernel.ts";
import { CALL_LIMIT } from "../syscall/rows.ts";
import { linuxRows } from "../syscall/table.ts";
import { toyRows } from "../syscall/toy_table.ts";
import type { Handler } from "./handler.ts";
import { linuxHandlers } from "./linux/handlers.ts";
import { errnoOf } from "./linux/errno.ts";
import { toyHandlers } from "./toy/handlers.ts";
import { toyErrorOf } from "./toy/errors.ts";

/** First number of the toy personality; lower ones are the Linux calls'. */
const TOY_FIRST = toyRows[0].number;
/** ENOSYS, which an unknown number gets whatever the personality. */
const NO_SUCH_CALL = errnoOf(-Err.NotImplemented);

const handlers: readonly (Handler | undefined)[] = (() => {
  const byNumber: (Handler | undefined)[] = new Array(CALL_LIMIT).fill(undefined);
  for (const row of linuxRows) byNumber[row.number] = linuxHandlers[row.name];
  for (const row of toyRows) byNumber[row.number] = toyHandlers[row.name];
  return byNumber;
})();

/**
 * Hands a Syscall event to the handler of its number.
 *
 * @returns a value or a negative answer in the personality's own numbers, or a Result
 */
export function dispatch(s: State, fx: Effects, e: Event, thread: number): number {
  const handler = e.cause < CALL_LIMIT ? handlers[e.cause] : undefined;
  if (handler === undefined) return NO_SUCH_CALL;
  const result = handler(s, fx, e, thread);
  return result >= 0 || result <= Result.Pending ? result : answerOf(e.cause, result);
}

/** A negated core error code in the numbers of the personality a call belongs to. */
export function answerOf(call: number, result: number): number {
  return call >= TOY_FIRST ? toyErrorOf(result) : errnoOf(result);
}
