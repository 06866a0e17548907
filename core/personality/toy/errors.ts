import { Err } from "../../error.ts";

/** What a toy call answers instead of a value; the toy world knows four troubles. */
export const ToyError = { Refused: -1, NoRoom: -2, BadText: -3, Broken: -4 } as const;

/** The toy's word for a core error code, given negated. */
export function toyErrorOf(result: number): number {
  switch (-result) {
    case Err.NoMemory:
    case Err.Exhausted:
    case Err.NoSpace:
      return ToyError.NoRoom;
    case Err.BadAddress:
      return ToyError.BadText;
    case Err.Io:
    case Err.BrokenPipe:
      return ToyError.Broken;
    default:
      return ToyError.Refused;
  }
}
