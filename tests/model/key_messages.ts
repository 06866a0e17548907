/** What the key tells of messages in its own way: numbers that only count what came before. */
import type { State } from "../../core/kernel.ts";
import type { Op } from "../schedules/script.ts";
import { PulseCode } from "../../core/ipc/tables.ts";

/** Message rows: a receipt is its number times this plus the row. */
const ROWS = 4096;

/** Columns that are told here, or follow from others. */
export const MESSAGE_COLUMNS: readonly string[] = [
  "channel.arrivals",
  "channel.received",
  "channel.answered",
  "channel.pulsed",
  "channel.posted",
  "message.arrival",
  "message.receipt",
  "message.sessionHi",
  "pulse.arrival",
  "ringEntry.arrival",
  "pulse.sessionHi",
  "ringEntry.sessionHi",
  "pulse.valueHi",
  "connection.sessionHi",
  "capNode.carrier",
];

/** The message a receipt stands for while it is good, or 0: no number is given twice. */
export function receivedBy(s: State, receipt: number): number {
  const message = receipt % ROWS;
  if (message === 0 || message >= s.message.receipt.length) return 0;
  return s.message.receipt[message] === Math.floor(receipt / ROWS) ? message : 0;
}

/**
 * How messages, pulses and posts of a channel came in between one another, of which each kind has a
 * queue of its own: 1 for a message, 2 for a post.
 */
export function arrivalsOf(s: State, channel: number): number[] {
  const found: [arrival: number, kind: number][] = [];
  for (let w = s.channel.sendHead[channel]; w !== 0; w = s.waiter.next[w]) {
    found.push([s.message.arrival[s.thread.message[s.waiter.thread[w]]], 1]);
  }
  for (let p = s.channel.firstPulse[channel]; p !== 0; p = s.pulse.next[p]) {
    found.push([s.pulse.arrival[p], 0]);
  }
  for (let r = s.channel.ringHead[channel]; r !== 0; r = s.ringEntry.next[r]) {
    found.push([s.ringEntry.arrival[r], 2]);
  }
  return found.sort((a, b) => a[0] - b[0]).map(([, kind]) => kind);
}

/** What the value of a pulse is: a number as it is, or one that names something. */
export const Value = { Plain: 0, Receipt: 1, Session: 2, Thread: 3 } as const;

/** What the value of a pulse is, by its code. */
export function valueOf(s: State, pulse: number): number {
  if (s.pulse.kernel[pulse] === 0) return Value.Plain;
  switch (s.pulse.code[pulse]) {
    case PulseCode.Unblock:
      return Value.Receipt;
    case PulseCode.Disconnect:
      return Value.Session;
    case PulseCode.ThreadDeath:
      return Value.Thread;
    default:
      return Value.Plain;
  }
}

/**
 * What a script's thread does with what it got last before it makes its next call: the name it keeps
 * it under, "zero" where it only asks whether it is 0, or "".
 */
export function lookedAt(ops: readonly Op[], at: number): string {
  let found = "";
  for (let i = at; i < ops.length && ops[i].kind !== "call"; i++) {
    const op = ops[i];
    if (op.kind === "keep") return op.name;
    if (op.kind === "ifZero") found = "zero";
  }
  return found;
}
