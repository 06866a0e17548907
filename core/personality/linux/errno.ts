import { unreachable } from "../../assert.ts";
import { Err } from "../../error.ts";

/** errno values of Linux (asm-generic/errno.h), by core error code. */
const ERRNO: Readonly<Record<keyof typeof Err, number>> = {
  NotFound: 2,
  NoProcess: 3,
  Interrupted: 4,
  Io: 5,
  NoSuchDevice: 6,
  TooBig: 7,
  BadExecutable: 8,
  BadDescriptor: 9,
  NoChild: 10,
  Again: 11,
  Exhausted: 12,
  NoMemory: 12,
  Access: 13,
  BadAddress: 14,
  Busy: 16,
  Exists: 17,
  CrossDevice: 18,
  NoDevice: 19,
  NotDirectory: 20,
  IsDirectory: 21,
  Invalid: 22,
  TooManyOpenSystem: 23,
  TooManyOpen: 24,
  NotTerminal: 25,
  TooLarge: 27,
  NoSpace: 28,
  Seek: 29,
  ReadOnly: 30,
  TooManyLinks: 31,
  BrokenPipe: 32,
  Range: 34,
  NameTooLong: 36,
  NotImplemented: 38,
  NotEmpty: 39,
  Loop: 40,
  NotPermitted: 1,
  NotSupported: 95,
  TimedOut: 110,
  ServerFault: 312,
  NoCapability: 9,
  StaleCapability: 116,
  WrongKind: 22,
  FewerRights: 1,
  Revoked: 116,
  TooDeep: 40,
  NoSlot: 1,
  RateLimited: 122,
  Deadlock: 35,
};

const byCode: Int32Array = (() => {
  const codes = new Int32Array(64);
  for (const name of Object.keys(Err) as (keyof typeof Err)[]) codes[Err[name]] = ERRNO[name];
  return codes;
})();

/** The negated errno of a negated core error code. */
export function errnoOf(result: number): number {
  const errno = byCode[-result];
  return errno > 0 ? -errno : unreachable("every core error code has an errno");
}
