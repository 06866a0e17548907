import {
  argumentAt,
  ArgumentLength,
  EVENT_NAMES,
  EventKind,
  InputKind,
  payloadU32,
  type RecordedEvent,
  SampleKind,
} from "../core/event.ts";

/** What the text of a call needs of its declaration; a row of core/syscall is one. */
export interface CallShape {
  readonly name: string;
  readonly args: readonly { readonly name: string; readonly how: { readonly kind: string } }[];
  /** Arguments with address and length of what the event's glance is of. */
  readonly glance?: readonly [number, number];
}

/** Finds the declaration of a call number. */
export type CallLookup = (call: number) => CallShape | undefined;

/** Characters of a string argument that are shown. */
const TEXT_SHOWN = 64;
/** Strings of a vector that are shown. */
const STRINGS_SHOWN = 8;
const decoder = new TextDecoder();

const INPUT_NAMES: Readonly<Record<number, string>> = {
  [InputKind.Tree]: "tree",
  [InputKind.Chunk]: "chunk",
  [InputKind.Stream]: "stream",
  [InputKind.Terminal]: "terminal",
  [InputKind.Entropy]: "entropy",
  [InputKind.WindowSize]: "window-size",
  [InputKind.ChunkFailed]: "chunk-failed",
  [InputKind.Start]: "start",
};
const SHUTDOWN_NAMES: readonly string[] = [
  "none",
  "init-exit",
  "power-off",
  "limit",
  "deadlock",
];
const ACCESS_NAMES: readonly string[] = ["read", "write", "execute"];

/**
 * An event as one line of text: number, hart, seconds of virtual time, kind, and what its kind
 * has; calls in the style of strace.
 *
 * @param note goes before the kind: a pid, say
 */
export function formatEvent(e: RecordedEvent, calls: CallLookup, note = ""): string {
  const head = `${String(e.order).padStart(8)} h${e.hart} ${secondsOf(e.time)} `;
  const detail = detailOf(e, calls);
  const kind = EVENT_NAMES[e.kind] ?? `kind-${e.kind}`;
  return `${head}${note}${detail === "" ? kind : `${kind.padEnd(13)} ${detail}`}`;
}

function secondsOf(ns: number): string {
  const whole = Math.floor(ns / 1e9);
  return `${String(whole).padStart(4)}.${String(ns - whole * 1e9).padStart(9, "0")}`;
}

function detailOf(e: RecordedEvent, calls: CallLookup): string {
  switch (e.kind) {
    case EventKind.Boot:
      return `${e.payloadLength} bytes of configuration`;
    case EventKind.Syscall:
      return `${callText(e, calls)} at ${hex(e.pcHi, e.pcLo)}`;
    case EventKind.SyscallFault:
      return `${callName(e.cause, calls)}: cannot ${ACCESS_NAMES[e.access]} ` +
        `${hex(e.valueHi, e.valueLo)}, pc ${hex(e.pcHi, e.pcLo)}`;
    case EventKind.PageFault:
    case EventKind.Exception:
      return `cause ${e.cause}, value ${hex(e.valueHi, e.valueLo)}, pc ${hex(e.pcHi, e.pcLo)}`;
    case EventKind.External:
      return `source ${e.valueLo}, ${bytesText(e.payload, 0, e.payloadLength)}`;
    case EventKind.Input:
      return inputText(e);
    case EventKind.Sample:
      return e.cause === SampleKind.Registers
        ? `registers of thread ${e.valueLo}`
        : `${e.payloadLength} bytes of frame ${e.valueLo}`;
    case EventKind.Shutdown:
      return SHUTDOWN_NAMES[e.cause] ?? String(e.cause);
    default:
      return "";
  }
}

function inputText(e: RecordedEvent): string {
  const name = INPUT_NAMES[e.cause] ?? String(e.cause);
  switch (e.cause) {
    case InputKind.Chunk:
    case InputKind.ChunkFailed:
      return `${name} ${e.uint(0)} of file ${e.valueLo}, ${e.uint(1)} bytes`;
    case InputKind.Stream:
      return `${name} ${e.valueLo}, ${e.uint(0)} bytes`;
    case InputKind.Terminal:
      return `${name} ${e.valueLo}, ${bytesText(e.payload, 0, e.payloadLength)}`;
    case InputKind.WindowSize:
      return `${name} ${e.uint(0)} × ${e.uint(1)}`;
    case InputKind.Start:
      return `${name} ${copiedText(e, 0, "path")}, ${copiedText(e, 1, "strings")}`;
    default:
      return `${name}, ${e.payloadLength} bytes`;
  }
}

function callName(call: number, calls: CallLookup): string {
  return calls(call)?.name ?? (call === 0xffffffff ? "unknown call" : `call_${call}`);
}

function callText(e: RecordedEvent, calls: CallLookup): string {
  const shape = calls(e.cause);
  const parts: string[] = [];
  if (shape === undefined) {
    for (let i = 0; i < e.registerCount; i++) parts.push(registerText(e, i));
    return `${callName(e.cause, calls)}(${parts.join(", ")})`;
  }
  let register = 0, copied = 0;
  for (const { how: { kind } } of shape.args) {
    if (kind === "value") parts.push(valueText(e, register));
    else if (kind === "address") {
      const glanced = shape.glance?.[0] === register && e.glanceLength > 0;
      parts.push(
        glanced
          ? bytesText(e.glance, 0, e.glanceLength) +
            (e.uint(shape.glance[1]) > e.glanceLength ? "…" : "")
          : registerText(e, register),
      );
    } else parts.push(copiedText(e, copied++, kind));
    if (kind !== "frame") register++;
  }
  return `${shape.name}(${parts.join(", ")})`;
}

/** A number the way a reader wants it: small ones decimal, negative ints too, the rest hex. */
function valueText(e: RecordedEvent, i: number): string {
  const low = e.registers[2 * i], high = e.registers[2 * i + 1];
  if (high === 0 && low < 4096) return String(low);
  const negative = low >= 0xfffff000 && (high === 0xffffffff || high === 0);
  return negative ? String(low | 0) : hex(high, low);
}

function registerText(e: RecordedEvent, i: number): string {
  return hex(e.registers[2 * i + 1], e.registers[2 * i]);
}

function copiedText(e: RecordedEvent, nth: number, kind: string): string {
  const at = argumentAt(e, nth);
  if (at < 0) return "?";
  const length = payloadU32(e, at);
  if (length === ArgumentLength.Absent) return "NULL";
  if (length === ArgumentLength.TooLong) return "(too long)";
  if (kind === "path") return bytesText(e.payload, at + 4, at + 4 + length);
  if (kind === "strings") return stringsText(e, at, length);
  return `{${length} bytes}`;
}

function stringsText(e: RecordedEvent, at: number, length: number): string {
  const count = payloadU32(e, at + 4);
  const end = at + 4 + length;
  const shown: string[] = [];
  let from = at + 8;
  for (let i = 0; i < Math.min(count, STRINGS_SHOWN); i++) {
    let to = from;
    while (to < end && e.payload[to] !== 0) to++;
    shown.push(bytesText(e.payload, from, to));
    from = to + 1;
  }
  if (count > STRINGS_SHOWN) shown.push(`… ${count - STRINGS_SHOWN} more`);
  return `[${shown.join(", ")}]`;
}

/** Bytes as a quoted string without control characters, cut after TEXT_SHOWN. */
function bytesText(bytes: Uint8Array, from: number, to: number): string {
  const cut = Math.min(to, from + TEXT_SHOWN);
  const text = JSON.stringify(decoder.decode(bytes.slice(from, cut)))
    .replace(/[\x7f-\x9f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return cut < to ? `${text}…` : text;
}

function hex(high: number, low: number): string {
  if (high === 0) return `0x${low.toString(16)}`;
  return `0x${high.toString(16)}${low.toString(16).padStart(8, "0")}`;
}
