import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import { argumentAt, ArgumentLength, type Event, payloadU32 } from "../event.ts";
import type { State } from "../kernel.ts";
import { writeUser } from "../mem/user_copy.ts";
import { randomBytes } from "./random.ts";
import { ImageKind } from "./tables.ts";

/** Most strings argv and envp may have together. */
export const STRING_COUNT_LIMIT = 4096;

/** Entries of the auxiliary vector, the closing one included (System V psABI; Linux numbers). */
const AUX_ENTRIES = 17;
const Aux = {
  Headers: 3,
  HeaderBytes: 4,
  HeaderCount: 5,
  PageBytes: 6,
  Base: 7,
  Flags: 8,
  Entry: 9,
  Uid: 11,
  EffectiveUid: 12,
  Gid: 13,
  EffectiveGid: 14,
  HardwareCaps: 16,
  ClockTicks: 17,
  Secure: 23,
  Random: 25,
  ExecName: 31,
} as const;

/** The letters IMAFDC of the ISA string as Linux encodes them in AT_HWCAP. */
const HARDWARE_CAPS = (1 << 8) | (1 << 12) | (1 << 0) | (1 << 5) | (1 << 3) | (1 << 2);
const RANDOM_BYTES = 16;
const SCRIPT_BYTES = 256;

/** What the initial stack of a program is made from. */
export interface StackImage {
  readonly entry: number;
  readonly headers: number;
  readonly headerCount: number;
}

/** Length of a string vector's bytes in the payload, without the count word; or -Err. */
export function vectorBytes(e: Event, nth: number): number {
  const at = argumentAt(e, nth);
  if (at < 0) return -Err.Invalid;
  const length = payloadU32(e, at);
  if (length === ArgumentLength.Absent) return 0;
  if (length === ArgumentLength.TooLong) return -Err.TooBig;
  return length - 4;
}

/** Strings in a vector. */
export function vectorCount(e: Event, nth: number): number {
  const at = argumentAt(e, nth);
  return at < 0 || payloadU32(e, at) >= ArgumentLength.TooLong ? 0 : payloadU32(e, at + 4);
}

function scriptLength(s: State, script: number): number {
  const at = script * SCRIPT_BYTES;
  let length = 0;
  while (s.image.script[at + length] !== 0) length++;
  return length;
}

/** Writes pointers to consecutive NUL-terminated strings; returns where the next pointer goes. */
function pointersTo(
  fx: Effects,
  pointer: number,
  strings: number,
  count: number,
  address: number,
): number {
  let at = strings;
  let to = pointer;
  for (let i = 0; i < count; i++) {
    fx.setU64(to, address + at - strings);
    to += 8;
    while (fx.bytes[at] !== 0) at++;
    at++;
  }
  return to;
}

/**
 * Puts arguments, environment and auxiliary vector on the stack of the process's new space.
 *
 * @param e the execve event; its copied-in arguments are path, argv, envp
 * @param top address after the stack
 * @param script image row of a #! line that led to the program, or 0
 * @returns the initial stack pointer, or -Err
 */
export function buildStack(
  s: State,
  fx: Effects,
  e: Event,
  thread: number,
  top: number,
  script: number,
  program: StackImage,
): number {
  const pathAt = argumentAt(e, 0) + 4;
  const pathLength = payloadU32(e, pathAt - 4);
  const argvBytes = vectorBytes(e, 1);
  const envpBytes = vectorBytes(e, 2);
  if (argvBytes < 0) return argvBytes;
  if (envpBytes < 0) return envpBytes;
  const argc = vectorCount(e, 1);
  const envc = vectorCount(e, 2);
  if (argc + envc > STRING_COUNT_LIMIT) return -Err.TooBig;

  // The strings: path, random bytes, [interpreter, its argument, path], argv, envp.
  const strings = fx.bytesLength;
  fx.putBytes(e.payload, pathAt, pathLength);
  fx.bytes[fx.reserveBytes(1)] = 0;
  const random = fx.reserveBytes(RANDOM_BYTES);
  randomBytes(s, fx.bytes, random, RANDOM_BYTES);
  const argv = fx.bytesLength;
  let leading = 0;
  let skip = 0;
  if (script !== 0) {
    const from = script * SCRIPT_BYTES;
    const length = scriptLength(s, script);
    fx.putBytes(s.image.script, from, length + 1);
    leading++;
    if (s.image.script[from + length + 1] !== 0) {
      let n = 1;
      while (s.image.script[from + length + n] !== 0) n++;
      fx.putBytes(s.image.script, from + length + 1, n);
      leading++;
    }
    fx.putBytes(e.payload, pathAt, pathLength);
    fx.bytes[fx.reserveBytes(1)] = 0;
    leading++;
    // The path takes the place of argv[0].
    if (argc > 0) {
      const first = argumentAt(e, 1) + 8;
      while (e.payload[first + skip] !== 0) skip++;
      skip++;
    }
  }
  fx.putBytes(e.payload, argumentAt(e, 1) + 8 + skip, argvBytes - skip);
  const count = leading + argc - (script !== 0 && argc > 0 ? 1 : 0);
  const envp = fx.putBytes(e.payload, argumentAt(e, 2) + 8, envpBytes);
  const total = fx.bytesLength - strings;
  const stringsAddress = Math.floor((top - total) / 16) * 16;

  const vectors = 8 + 8 * (count + 1) + 8 * (envc + 1) + 16 * AUX_ENTRIES;
  const sp = Math.floor((stringsAddress - vectors) / 16) * 16;
  const at = fx.reserveBytes(vectors);
  const addressOf = (offset: number): number => stringsAddress + offset - strings;
  fx.setU64(at, count);
  let to = pointersTo(fx, at + 8, argv, count, addressOf(argv));
  fx.setU64(to, 0);
  to = pointersTo(fx, to + 8, envp, envc, addressOf(envp));
  fx.setU64(to, 0);
  to += 8;
  const p = s.thread.process[thread];
  const aux = (tag: number, value: number): void => {
    fx.setU64(to, tag);
    fx.setU64(to + 8, value);
    to += 16;
  };
  aux(Aux.Headers, program.headers);
  aux(Aux.HeaderBytes, 56);
  aux(Aux.HeaderCount, program.headerCount);
  aux(Aux.PageBytes, 4096);
  aux(Aux.Base, 0);
  aux(Aux.Flags, 0);
  aux(Aux.Entry, program.entry);
  aux(Aux.Uid, s.process.uid[p]);
  aux(Aux.EffectiveUid, s.process.uid[p]);
  aux(Aux.Gid, s.process.gid[p]);
  aux(Aux.EffectiveGid, s.process.gid[p]);
  aux(Aux.HardwareCaps, HARDWARE_CAPS);
  aux(Aux.ClockTicks, 100);
  aux(Aux.Secure, 0);
  aux(Aux.Random, addressOf(random));
  aux(Aux.ExecName, stringsAddress);
  aux(0, 0);
  const wroteStrings = writeUser(s, fx, e.hart, thread, stringsAddress, strings, total);
  if (wroteStrings < 0) return wroteStrings === Result.Pending ? -Err.NoMemory : wroteStrings;
  const wrote = writeUser(s, fx, e.hart, thread, sp, at, vectors);
  if (wrote < 0) return wrote === Result.Pending ? -Err.NoMemory : wrote;
  return sp;
}

/** Whether an image row is a #! line. */
export function isScript(s: State, image: number): boolean {
  return s.image.kind[image] === ImageKind.Script;
}
