import { Event } from "../../core/event.ts";
import { digestObeyed } from "./effect_digest.ts";
import { playEvent, type TapedEvent } from "./event_tape.ts";
import type { FuzzKernel } from "./fuzz_kernel.ts";
import { Failure, type FailureKind, Judge } from "./judge.ts";
import { closeBooks } from "./life.ts";
import type { Start, Stock } from "./starts.ts";

/**
 * Plays events from a start state, with every check after every event, and closes the books.
 *
 * @returns what failed and at which event (the number of events if it was the closing), or undefined
 */
export function play(
  stock: Stock,
  start: Start,
  tape: readonly TapedEvent[],
): { failure: Failure; at: number } | undefined {
  const k = stock.kernelOf(start.snapshot.layout);
  const judge = new Judge(k);
  judge.begin(start);
  const e = new Event();
  let at = 0;
  try {
    for (; at < tape.length; at++) {
      judge.watchRefusals();
      playEvent(tape[at], e, k.s);
      if (judge.take(e)) judge.checkRecount();
      else judge.checkRefusals();
    }
    closeBooks(k, judge);
  } catch (failure) {
    if (failure instanceof Failure) return { failure, at };
    throw failure;
  }
  return isPure(k, start, tape) ? undefined : {
    failure: new Failure("purity", "the same events made another state or had other effects"),
    at,
  };
}

/** Whether events make the same state and effects twice, with other bytes behind their payloads. */
function isPure(k: FuzzKernel, start: Start, tape: readonly TapedEvent[]): boolean {
  const e = new Event();
  const once: string[] = [];
  for (const filler of [0x5a, 0xa5]) {
    start.snapshot.restore(k.arena);
    for (let i = 0; i <= tape.length; i++) {
      let now = i < tape.length ? "" : k.hash();
      if (i < tape.length) {
        playEvent(tape[i], e, k.s);
        k.effects.bytes.fill(filler, 0, 4096);
        e.payload.fill(filler, tape[i].payload.length, tape[i].payload.length + 64);
        k.reduce(e);
        now = String(digestObeyed(k.effects, 0));
      }
      if (filler === 0x5a) once.push(now);
      else if (once[i] !== now) return false;
    }
  }
  return true;
}

/**
 * Drops events while what is left still fails in the same way.
 *
 * @param tries most lists tried
 * @returns the shortest list found, or undefined when not even the whole list fails
 */
export function shrink(
  stock: Stock,
  start: Start,
  whole: readonly TapedEvent[],
  tries = 1000,
): { tape: readonly TapedEvent[]; failure: Failure } | undefined {
  const first = play(stock, start, whole);
  if (first === undefined) return undefined;
  let tape = whole.slice(0, first.at + 1);
  let { failure } = first;
  const what: FailureKind = failure.what;
  let left = tries;
  for (let size = Math.ceil(tape.length / 2); size >= 1; size = size > 1 ? size >> 1 : 0) {
    for (let at = tape.length - size; at > -size && left > 0; at -= size, left--) {
      const from = Math.max(0, at);
      const shorter = [...tape.slice(0, from), ...tape.slice(at + size)];
      const found = play(stock, start, shorter);
      if (found === undefined || found.failure.what !== what) continue;
      tape = shorter.slice(0, found.at + 1);
      failure = found.failure;
      at = Math.min(at, tape.length);
    }
  }
  return { tape, failure };
}
