import type { Effects } from "../effect.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";

/** Highest ASID; 0 is never given out. */
export const LAST_ASID = 2047;
const WORDS = 64;

function isSet(bits: Uint32Array, asid: number): boolean {
  return ((bits[ONE * WORDS + (asid >>> 5)] >>> (asid & 31)) & 1) !== 0;
}

function search(s: State): number {
  const from = s.memory.nextAsid[ONE];
  for (let i = 0; i < LAST_ASID; i++) {
    const asid = 1 + (from + i) % LAST_ASID;
    if (!isSet(s.memory.asidUsed, asid)) return asid;
  }
  return 0;
}

/** Begins an epoch: every translation goes, so ASIDs of dead spaces can be used again. */
function recycle(s: State, fx: Effects): void {
  let recycled = 0;
  for (let asid = 1; asid <= LAST_ASID; asid++) {
    if (!isSet(s.memory.asidRetired, asid)) continue;
    s.memory.asidUsed[ONE * WORDS + (asid >>> 5)] &= ~(1 << (asid & 31));
    recycled++;
  }
  s.memory.asidRetired.fill(0, ONE * WORDS, (ONE + 1) * WORDS);
  s.memory.asidEpoch[ONE]++;
  fx.invalidateAll();
  post(s, Account.AsidRetired, Account.AsidFree, recycled);
}

/**
 * Takes an ASID that no hart holds translations of. The caller posts AsidFree to AsidUsed.
 *
 * @returns the ASID, or 0 when live spaces hold all of them
 */
export function takeAsid(s: State, fx: Effects): number {
  let asid = search(s);
  if (asid === 0) {
    recycle(s, fx);
    asid = search(s);
    if (asid === 0) return 0;
  }
  s.memory.nextAsid[ONE] = asid % LAST_ASID;
  s.memory.asidUsed[ONE * WORDS + (asid >>> 5)] |= 1 << (asid & 31);
  return asid;
}

/** Retires a dead space's ASID until the next epoch. The caller posts AsidUsed to AsidRetired. */
export function retireAsid(s: State, asid: number): void {
  s.memory.asidRetired[ONE * WORDS + (asid >>> 5)] |= 1 << (asid & 31);
}
