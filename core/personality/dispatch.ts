import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { Event } from "../event.ts";
import type { State } from "../kernel.ts";
import type { SyscallRow } from "../syscall/row.ts";
import { KnownSlot } from "../proc/tables.ts";
import { CALL_LIMIT, syscallRows } from "../syscall/rows.ts";
import { type LinuxCall, linuxRows } from "../syscall/table.ts";
import { type QnxCall, qnxRows } from "../syscall/qnx_table.ts";
import { type ToyCall, toyRows } from "../syscall/toy_table.ts";
import type { Handler } from "./handler.ts";
import { linuxHandlers } from "./linux/handlers.ts";
import { errnoOf } from "./linux/errno.ts";
import { qnxHandlers } from "./qnx/handlers.ts";
import { nativeErrorOf } from "./native/errors.ts";
import { nativeHandlers } from "./native/handlers.ts";
import { type NativeCall, nativeRows } from "../syscall/native_table.ts";
import { toyHandlers } from "./toy/handlers.ts";
import { toyErrorOf } from "./toy/errors.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { NoSlot, NotImplemented } = Err;
const { Pending } = Result;

type Answer = (result: number) => number;

/** A call interface: its rows, the handler of each, and its own words for errors. */
interface Personality<N extends string> {
  readonly rows: readonly SyscallRow<N>[];
  readonly handlers: Readonly<Record<N, Handler>>;
  /** A negated core error code in the personality's own numbers. */
  readonly answerOf: Answer;
}

const linux: Personality<LinuxCall> = {
  rows: linuxRows,
  handlers: linuxHandlers,
  answerOf: errnoOf,
};
const toy: Personality<ToyCall> = { rows: toyRows, handlers: toyHandlers, answerOf: toyErrorOf };
const qnx: Personality<QnxCall> = { rows: qnxRows, handlers: qnxHandlers, answerOf: errnoOf };
const native: Personality<NativeCall> = {
  rows: nativeRows,
  handlers: nativeHandlers,
  answerOf: nativeErrorOf,
};

/** ENOSYS, which an unknown number gets whatever the personality. */
const NO_SUCH_CALL = errnoOf(-NotImplemented);

/** Puts what each row of a personality asks for at the row's number. */
function byNumber<N extends string>(
  { rows, handlers, answerOf }: Personality<N>,
  handlerAt: (Handler | undefined)[],
  answerAt: (Answer | undefined)[],
): void {
  for (const row of rows) {
    handlerAt[row.number] = handlers[row.name];
    answerAt[row.number] = answerOf;
  }
}

const [handlers, answers] = ((): [
  readonly (Handler | undefined)[],
  readonly (Answer | undefined)[],
] => {
  const handlerAt = new Array(CALL_LIMIT).fill(undefined);
  const answerAt = new Array(CALL_LIMIT).fill(undefined);
  byNumber(linux, handlerAt, answerAt);
  byNumber(toy, handlerAt, answerAt);
  byNumber(qnx, handlerAt, answerAt);
  byNumber(native, handlerAt, answerAt);
  return [handlerAt, answerAt];
})();

/** By call number: the KnownSlot bit of the well-known capability it consumes, or 0. */
const slots: readonly number[] = (() => {
  const bound: number[] = new Array(CALL_LIMIT).fill(0);
  for (const { number, consumes } of syscallRows) {
    if ("slot" in consumes) bound[number] = KnownSlot[consumes.slot];
  }
  return bound;
})();

/**
 * Hands a Syscall event to the handler of its number.
 *
 * @returns a value or a negative answer in the personality's own numbers, or a Result
 */
export function dispatch(s: State, fx: Effects, e: Event, thread: number): number {
  const handler = e.cause < CALL_LIMIT ? handlers[e.cause] : undefined;
  if (handler === undefined) return NO_SUCH_CALL;
  if ((slots[e.cause] & s.process.renounced[s.thread.process[thread]]) !== 0) {
    return answerOf(e.cause, -NoSlot);
  }
  const result = handler(s, fx, e, thread);
  return result >= 0 || result <= Pending ? result : answerOf(e.cause, result);
}

/** A negated core error code in the numbers of the personality a call belongs to. */
export function answerOf(call: number, result: number): number {
  const answer = call >= 0 && call < CALL_LIMIT ? answers[call] : undefined;
  return (answer ?? errnoOf)(result);
}
