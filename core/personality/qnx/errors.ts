import { errnoOf } from "../linux/errno.ts";

/**
 * The negated error number of a negated core error code: those of Linux, and 312 for memory of the
 * other side that cannot be used.
 */
export function qnxErrorOf(result: number): number {
  return errnoOf(result);
}
