/** What a place is where threads can block, as `sites.ts` lists them. */
import type { Arrival } from "./scene_state.ts";
import type { Op } from "./script.ts";

/** What a handled signal does to a call that blocks here. */
export type Rule =
  /** EINTR without SA_RESTART; runs again with it. */
  | "restart"
  /** EINTR in either case. */
  | "eintr"
  /** The wait is not the program's: no signal ends it. */
  | "deaf";

/** A place where threads block. */
export interface Site {
  readonly name: string;
  /** `call:WaitKind` as the scene sees it. */
  readonly blocks: string;
  /** Harts it takes; it is not tried with fewer. */
  readonly harts?: number;
  /** Before the waker is made, after the disturber is. */
  readonly before?: readonly Op[];
  /** Ops that block, after `go`. */
  readonly blocker: readonly Op[];
  /** Ops of whoever ends the wait; none when a timer, a hart or the host does. */
  readonly waker?: readonly Op[];
  /** Threads of its process that come to `go` as well. */
  readonly others?: number;
  /** More code: processes and threads the blocker makes. */
  readonly more?: readonly Op[];
  /** Its log when nothing disturbs it; alternatives where the order decides. */
  readonly woken: readonly string[];
  /** Its log when a signal ended the wait; the call's own words for it. */
  readonly interrupted: string;
  readonly rule: Rule;
  /** Whether a stop may end the wait as a signal does: what it sent was received already. */
  readonly stops?: boolean;
  readonly terminal?: boolean;
  readonly arrivals?: readonly Arrival[];
  /** Label where a program that is executed begins. */
  readonly program?: string;
  /** Its log when it has ended all other threads of its process: none of them disturbs it then. */
  readonly alone?: string;
  /** Its logs under a disturbance, where they do not follow from the rule. */
  readonly logs?: Readonly<Record<string, readonly string[]>>;
}
