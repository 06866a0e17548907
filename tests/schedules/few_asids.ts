/** ASIDs that are nearly all used up, so that an epoch of them soon ends. */
import { ONE, type State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { post } from "../../core/ledger/post.ts";
import { LAST_ASID } from "../../core/mem/asid.ts";

/** 32-bit words of a set of ASIDs. */
const WORDS = (LAST_ASID + 1) / 32;

/**
 * Retires all ASIDs but those of live spaces and the last `left` ones, which are given next; after
 * them an epoch begins, and the lowest that are free then are given: those of spaces that have ended.
 */
export function retireAsids(s: State, left: number): void {
  const { asidUsed, asidRetired, nextAsid } = s.memory;
  let retired = 0;
  for (let asid = 1; asid <= LAST_ASID - left; asid++) {
    const word = ONE * WORDS + (asid >>> 5);
    const bit = (1 << (asid & 31)) >>> 0;
    if ((asidUsed[word] & bit) !== 0) continue;
    asidUsed[word] |= bit;
    asidRetired[word] |= bit;
    retired++;
  }
  nextAsid[ONE] = (LAST_ASID - left) % LAST_ASID;
  post(s, Account.AsidFree, Account.AsidRetired, retired);
}
