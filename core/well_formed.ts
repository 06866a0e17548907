import {
  ArgumentLength,
  type Event,
  InputKind,
  PAYLOAD_LIMIT,
  payloadU32,
  REGISTER_LIMIT,
} from "./event.ts";
import { FILE_CHUNK_BYTES, PATH_LIMIT, STREAM_BLOCK_BYTES } from "./limits.ts";
import { STRING_COUNT_LIMIT } from "./proc/exec_arguments.ts";
import { type ArgumentKind, STRINGS_LIMIT } from "./syscall/row.ts";
import { CALL_LIMIT, rowOf } from "./syscall/rows.ts";

/** Whether a field of an event holds what 32 unsigned bits can. */
function isWord(value: number): boolean {
  return value >>> 0 === value;
}

/**
 * Whether every field of an event's head is a number of its kind: what a journal can hold. Times,
 * and which kinds and harts there are, are the caller's to check.
 */
export function isRecord(e: Event): boolean {
  return isWord(e.kind) && isWord(e.hart) && isWord(e.cause) && isWord(e.valueLo) &&
    isWord(e.valueHi) && isWord(e.pcLo) && isWord(e.pcHi) && isWord(e.access) &&
    Number.isSafeInteger(e.sequence) && e.sequence >= 0 &&
    Number.isSafeInteger(e.order) && e.order >= 0 &&
    isWord(e.registerCount) && e.registerCount <= REGISTER_LIMIT &&
    isWord(e.payloadLength) && e.payloadLength <= PAYLOAD_LIMIT;
}

/** What a call's event carries. */
interface CallShape {
  /** Arguments that copy bytes in, in order. */
  readonly copies: readonly ArgumentKind[];
  readonly registers: number;
}

/** Registers of the event of a call nobody answers. */
const UNKNOWN_CALL: CallShape = { copies: [], registers: 6 };

const shapes: readonly CallShape[] = Array.from({ length: CALL_LIMIT }, (_, call) => {
  const row = rowOf(call);
  if (row === undefined) return UNKNOWN_CALL;
  const kinds = row.args.map((argument) => argument.how);
  return {
    copies: kinds.filter((how) => how.kind !== "value" && how.kind !== "address"),
    registers: kinds.filter((how) => how.kind !== "frame").length,
  };
});

/**
 * Whether a Syscall event carries what its row names: the registers, and each copied-in argument
 * with a length its kind can have (design, "Syscalls: one table").
 */
export function isCallEvent(e: Event): boolean {
  const shape = e.cause < CALL_LIMIT ? shapes[e.cause] : UNKNOWN_CALL;
  if (e.registerCount !== shape.registers) return false;
  const copies = shape.copies;
  let at = 0;
  for (let i = 0; i < copies.length; i++) {
    at = afterArgument(e, copies[i], at);
    if (at < 0) return false;
  }
  return at === e.payloadLength;
}

/** Where the argument at `at` ends in the payload, or -1 when it cannot be one of its kind. */
function afterArgument(e: Event, how: ArgumentKind, at: number): number {
  if (at + 4 > e.payloadLength) return -1;
  const length = payloadU32(e, at);
  if (length === ArgumentLength.Absent) return at + 4;
  if (length === ArgumentLength.TooLong) return mayBeTooLong(e, how) ? at + 4 : -1;
  const end = at + 4 + ((length + 3) & ~3);
  if (length > PAYLOAD_LIMIT || end > e.payloadLength) return -1;
  return isArgument(e, how, at + 4, length) ? end : -1;
}

/** Whether an argument can have more bytes than are copied: one of a fixed size never has. */
function mayBeTooLong(e: Event, how: ArgumentKind): boolean {
  if (how.kind === "inArray") return e.argument(how.count) > how.most;
  return how.kind === "path" || how.kind === "strings";
}

function isArgument(e: Event, how: ArgumentKind, at: number, length: number): boolean {
  switch (how.kind) {
    case "path":
      return length < PATH_LIMIT;
    case "in":
    case "inIndirect":
    case "frame":
      return length === how.bytes;
    case "inArray":
      return length === how.element * Math.ceil(countOf(e, how.count, how.countBits) / how.per) &&
        e.uint(how.count) <= how.most;
    case "inSelected":
      return length === how.bytes[e.int(how.selector)];
    case "strings":
      return isVector(e, at, length);
    default:
      return false;
  }
}

/** The length of an array in the register that counts it. */
function countOf(e: Event, register: number, bits: 32 | 64): number {
  return bits === 32 ? e.uint(register) : e.argument(register);
}

/** Whether bytes are a count word and that many strings with their NULs. */
function isVector(e: Event, at: number, length: number): boolean {
  if (length < 4 || length > STRINGS_LIMIT) return false;
  let strings = 0;
  for (let i = 4; i < length; i++) if (e.payload[at + i] === 0) strings++;
  if (strings !== payloadU32(e, at)) return false;
  return length === 4 || e.payload[at + length - 1] === 0;
}

const PATH: ArgumentKind = { kind: "path" };
const STRINGS: ArgumentKind = { kind: "strings" };

/** Whether a Start input holds a path and two string vectors, none of them missing or too long. */
function isStart(e: Event): boolean {
  const argv = afterArgument(e, PATH, 0);
  const envp = argv < 0 ? -1 : afterArgument(e, STRINGS, argv);
  if (envp < 0 || afterArgument(e, STRINGS, envp) !== e.payloadLength) return false;
  const path = payloadU32(e, 0);
  const strings = payloadU32(e, argv) + payloadU32(e, envp);
  if (path === 0 || path >= PATH_LIMIT || strings > STRINGS_LIMIT) return false;
  return payloadU32(e, argv + 4) + payloadU32(e, envp + 4) <= STRING_COUNT_LIMIT;
}

/** Whether an Input event has the registers and the payload of its kind. */
export function isInputEvent(e: Event): boolean {
  switch (e.cause) {
    case InputKind.Chunk:
      return e.registerCount >= 2 && e.argument(1) <= FILE_CHUNK_BYTES;
    case InputKind.ChunkFailed:
    case InputKind.WindowSize:
      return e.registerCount >= 2;
    case InputKind.Stream:
      return e.registerCount >= 1 && e.argument(0) <= STREAM_BLOCK_BYTES;
    case InputKind.Start:
      return isStart(e);
    default:
      return true;
  }
}
