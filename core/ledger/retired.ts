import type { State } from "../kernel.ts";
import { Account } from "./accounts.ts";
import { post } from "./post.ts";

/**
 * Books the slots that the event under way retired. A row is freed in many places and its slot is
 * retired once in half a million lives, so the end of the event takes note instead of each of them.
 */
export function bookRetired(s: State): void {
  const slots = s.kernel.$unbooked[0];
  if (slots === 0) return;
  s.kernel.$unbooked[0] = 0;
  post(s, Account.SlotUsable, Account.SlotRetired, slots);
}
