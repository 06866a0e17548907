import { Event, REGISTER_LIMIT } from "../../core/event.ts";
import { ONE, type State } from "../../core/kernel.ts";

/** An event as it was given to the reducer, whatever its fields held. */
export interface TapedEvent {
  readonly kind: number;
  /** Whether it was the next in its boot and of its hart: then it is again wherever it is played. */
  readonly inOrder: boolean;
  readonly hart: number;
  readonly sequence: number;
  readonly order: number;
  readonly time: number;
  readonly pcLo: number;
  readonly pcHi: number;
  readonly cause: number;
  readonly valueLo: number;
  readonly valueHi: number;
  readonly access: number;
  readonly registerCount: number;
  readonly registers: readonly number[];
  readonly payloadLength: number;
  readonly payload: Uint8Array;
}

/** Gives an event the numbers that the kernel expects next. */
export function putInOrder(e: Event, s: State): void {
  e.order = s.kernel.lastOrder[ONE];
  e.sequence = s.hart.lastSequence[e.hart + 1];
}

/** A copy of an event that is about to be reduced. */
export function tapeEvent(e: Event, s: State): TapedEvent {
  const { kind, hart, sequence, order, time, pcLo, pcHi, cause, valueLo, valueHi, access } = e;
  const { registerCount, payloadLength } = e;
  const head = { kind, hart, sequence, order, time, pcLo, pcHi, cause, valueLo, valueHi, access };
  const inOrder = order === s.kernel.lastOrder[ONE] && sequence === s.hart.lastSequence[hart + 1];
  const registers = [...e.registers];
  // A length that is none is no reason to copy nothing: the reducer may look at the bytes all the same.
  const kept = payloadLength >= 0 ? payloadLength : 64;
  return {
    ...head,
    inOrder,
    registerCount,
    registers,
    payloadLength,
    payload: e.payload.slice(0, kept),
  };
}

/** Makes an event what it was when it was taped; in order, if it was, in the state it is for. */
export function playEvent(taped: TapedEvent, e: Event, s?: State): void {
  const { registers, payload, inOrder, ...head } = taped;
  Object.assign(e, head);
  if (inOrder && s !== undefined) putInOrder(e, s);
  for (let i = 0; i < 2 * REGISTER_LIMIT; i++) e.registers[i] = registers[i];
  e.payload.set(payload);
}

/** A taped event as one line of JSON, to be read back by `readTapeLine`. */
export function tapeLine(taped: TapedEvent): string {
  const { payload, ...head } = taped;
  const exact = (_key: string, value: unknown): unknown =>
    typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
      ? `number ${Object.is(value, -0) ? "-0" : value}`
      : value;
  return JSON.stringify({ ...head, payload: toHex(payload) }, exact);
}

/** Reads a line of `tapeLine`. */
export function readTapeLine(line: string): TapedEvent {
  const exact = (_key: string, value: unknown): unknown =>
    typeof value === "string" && value.startsWith("number ") ? Number(value.slice(7)) : value;
  const { payload, ...head } = JSON.parse(line, exact);
  return { ...head, payload: fromHex(payload) };
}

function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(
    { length: text.length / 2 },
    (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
}
