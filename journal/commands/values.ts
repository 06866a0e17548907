import { UsageError } from "./usage_error.ts";

/** Readers of option values: each gives the value or says what was given and what is allowed. */

function refuse(option: string, given: string, allowed: string): never {
  throw new UsageError(`${option} ${JSON.stringify(given)}: must be ${allowed}`);
}

/** Decimal digits only: no sign, no exponent, no blank. */
const WHOLE = /^\d{1,16}$/;

/** A whole number in a range, both ends included. */
export function wholeNumber(option: string, text: string, low: number, high: number): number {
  const value = WHOLE.test(text) ? Number(text) : NaN;
  if (value >= low && value <= high) return value;
  return refuse(option, text, `a whole number from ${low} to ${high}`);
}

const UNIT: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** A size in bytes from 16M to 64G, whole pages: digits and at most one of K, M and G. */
export function memorySize(option: string, text: string): number {
  const match = /^(\d{1,12})([KMG]?)$/i.exec(text);
  const bytes = match === null ? NaN : Number(match[1]) * (UNIT[match[2].toUpperCase()] ?? NaN);
  if (bytes >= 16 * 2 ** 20 && bytes <= 64 * 2 ** 30 && bytes % 4096 === 0) return bytes;
  return refuse(option, text, "a size from 16M to 64G in whole pages of 4K, such as 512M");
}

/** Seconds above 0, with at most three decimals. */
export function seconds(option: string, text: string): number {
  const value = /^\d{1,8}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  return refuse(option, text, "a number of seconds above 0 and below 100000000, such as 2.5");
}

/** One of some words. */
export function oneOf<const W extends string>(
  option: string,
  text: string,
  words: readonly W[],
): W {
  for (const word of words) if (word === text) return word;
  return refuse(option, text, words.join(" or "));
}

/** A text that is not empty. */
export function someText(option: string, text: string, what: string): string {
  return text !== "" ? text : refuse(option, text, what);
}

/** An environment setting NAME=VALUE. */
export function setting(option: string, text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals > 0 && !text.includes("\0")) return [text.slice(0, equals), text.slice(equals + 1)];
  return refuse(option, text, "NAME=VALUE");
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)?)?$/;
const CLOCK_RULE = "now, or a date and time from 1970 to 2199 such as 2026-03-01T12:00:00Z";

/**
 * A start time: ISO 8601, UTC where no offset is given, so that it means the same everywhere.
 *
 * @returns microseconds since 1970, or "now"
 */
export function startTime(option: string, text: string): number | "now" {
  if (text === "now") return "now";
  const match = ISO.exec(text);
  if (match === null) return refuse(option, text, CLOCK_RULE);
  const part = (i: number): number => Number(match[i] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(part);
  const micros = Number((match[7] ?? "").padEnd(6, "0"));
  const offset = zoneMinutes(match[8] ?? "Z");
  const sound = year >= 1970 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 &&
    day <= daysInMonth(year, month) && hour <= 23 && minute <= 59 && second <= 59;
  const total = ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 +
    second;
  return sound && total >= 0 ? total * 1e6 + micros : refuse(option, text, CLOCK_RULE);
}

/** Minutes east of UTC; NaN for an offset that no zone has. */
function zoneMinutes(zone: string): number {
  if (zone === "Z") return 0;
  const hours = Number(zone.slice(1, 3)), minutes = Number(zone.slice(4));
  return hours > 14 || minutes > 59 ? NaN : (zone[0] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

function leap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return leap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function daysSince1970(year: number, month: number, day: number): number {
  let days = day - 1;
  for (let y = 1970; y < year; y++) days += leap(y) ? 366 : 365;
  for (let m = 1; m < month; m++) days += daysInMonth(year, m);
  return days;
}
