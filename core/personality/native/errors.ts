import { Err } from "../../error.ts";

/** What a native call answers instead of a value. */
export const NativeError = {
  /** An argument that no such call takes. */
  Invalid: -1,
  /** The token names nothing, and never did. */
  Absent: -2,
  /** The token named something that is gone. */
  Stale: -3,
  /** The capability is for another kind of object. */
  WrongKind: -4,
  /** The capability lacks a right the call needs. */
  FewerRights: -5,
  /** The capability is being revoked from above. */
  Revoked: -6,
  /** Derived through too many hands. */
  TooDeep: -7,
  /** The process has all the names it may have. */
  NoName: -8,
  /** The system has no more of what the call makes. */
  NoSpace: -9,
  /** Another thread is at it. */
  Busy: -10,
  /** Something is mapped there. */
  Taken: -11,
  TimedOut: -12,
  /** A signal came first. */
  Interrupted: -13,
  /** The process does not have the well-known capability the call consumes. */
  NoSlot: -14,
} as const;

/** The native word for a core error code, given negated. */
export function nativeErrorOf(result: number): number {
  switch (-result) {
    case Err.NoCapability:
    case Err.BadDescriptor:
      return NativeError.Absent;
    case Err.StaleCapability:
    case Err.NoProcess:
      return NativeError.Stale;
    case Err.WrongKind:
      return NativeError.WrongKind;
    case Err.FewerRights:
      return NativeError.FewerRights;
    case Err.Revoked:
      return NativeError.Revoked;
    case Err.TooDeep:
      return NativeError.TooDeep;
    case Err.TooManyOpen:
      return NativeError.NoName;
    case Err.Again:
    case Err.Exhausted:
    case Err.NoMemory:
    case Err.TooManyOpenSystem:
      return NativeError.NoSpace;
    case Err.Busy:
      return NativeError.Busy;
    case Err.Exists:
      return NativeError.Taken;
    case Err.TimedOut:
      return NativeError.TimedOut;
    case Err.Interrupted:
      return NativeError.Interrupted;
    case Err.NoSlot:
      return NativeError.NoSlot;
    default:
      return NativeError.Invalid;
  }
}
