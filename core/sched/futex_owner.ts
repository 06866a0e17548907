/**
 * Futexes that have an owner, to whom their waiters lend their priority. The word of such a futex
 * holds the owner's thread id and a bit that says somebody waits; the kernel writes it when it hands
 * the futex over.
 */
import type { Effects } from "../effect.ts";
import { Err, Result } from "../error.ts";
import type { State } from "../kernel.ts";
import { ProcessState } from "../proc/tables.ts";
import { ANY_BITS, waitAtFutex } from "./futex.ts";
import { createFutex, findFutex, setOwner } from "./futex_row.ts";
import { armSleep, completeCall } from "./call.ts";
import { CallStage } from "./call_stage.ts";
import { lendPriority } from "./priority.ts";
import { InterruptRule, ThreadState, WakeReason } from "./tables.ts";
import { wakeThread } from "./wait.ts";

/** Parts of the word. */
export const OwnerWord = {
  Waiters: 0x80000000,
  OwnerDied: 0x40000000,
  Thread: 0x3fffffff,
} as const;

/**
 * Most futexes with waiters that a thread owns, or owns and waits for one more: what it inherits is
 * looked up among them.
 */
export const OWNED_LIMIT = 64;

/** Writes the word of a futex: bytes of a frame that is present and private. */
export function putWord(fx: Effects, frame: number, offset: number, word: number): void {
  const at = fx.reserveBytes(4);
  fx.setU32(at, word);
  fx.write(frame, offset, at, 4);
}

/** Whether a thread waits for a futex with an owner, and so may come to own one more. */
function expectsOne(s: State, t: number): number {
  const row = s.waiter.futex[s.thread.waiter[t]];
  return row !== 0 && s.futex.inherits[row] === 1 ? 1 : 0;
}

/** Whether a thread can own one more futex that has waiters. */
function canOwn(s: State, t: number): boolean {
  return s.thread.owned[t] + expectsOne(s, t) < OWNED_LIMIT;
}

/**
 * Makes t the owner of a word, or blocks it until the owner gives it up.
 *
 * @param word what the word was when the call was made
 * @param owner the living thread whose id is in the word; 0 when there is none
 * @param frame frame of the word, present and private to its space, and the word's offset there
 * @param deadline ns or Infinity; -1 to refuse rather than to wait
 * @param now the hart's time, ns
 * @returns 0, Result.Pending, -Err.Deadlock when t owns it, -Err.NoProcess when its owner is gone,
 * -Err.Invalid when the word and its waiters contradict each other, -Err.Again, -Err.TimedOut or
 * -Err.NoMemory
 */
export function lockOwned(
  s: State,
  fx: Effects,
  hart: number,
  t: number,
  region: number,
  address: number,
  word: number,
  owner: number,
  frame: number,
  offset: number,
  deadline: number,
  now: number,
): number {
  const named = word & OwnerWord.Thread;
  if (named === s.thread.tid[t]) return -Err.Deadlock;
  const found = findFutex(s, t, region, address);
  if (found !== 0 && s.futex.inherits[found] === 0) return -Err.Invalid;
  const holder = found === 0 ? 0 : s.futex.owner[found];
  const heir = s.thread.callStage[t] === CallStage.Heir && owner === 0;
  const died = heir || (word & OwnerWord.OwnerDied) !== 0;
  if (heir || (named === 0 && (holder === 0 || holder === t))) {
    if (found !== 0 && holder !== t && !canOwn(s, t)) return -Err.NoMemory;
    // From here on it must succeed.
    const waits = found === 0 ? 0 : OwnerWord.Waiters;
    putWord(fx, frame, offset, s.thread.tid[t] | waits | (died ? OwnerWord.OwnerDied : 0));
    if (found !== 0) setOwner(s, fx, hart, found, t);
    return 0;
  }
  if (named === 0 && !died) return -Err.Invalid;
  const whom = owner !== 0 ? owner : holder;
  if (whom === 0 || whom === t) return -Err.NoProcess;
  if (holder !== 0 && holder !== whom) return -Err.Invalid;
  if (deadline < 0) return -Err.Again;
  if (deadline <= now) return -Err.TimedOut;
  if (s.thread.owned[t] >= OWNED_LIMIT) return -Err.NoMemory;
  if (holder === 0 && !canOwn(s, whom)) return -Err.NoMemory;
  const row = found !== 0 ? found : createFutex(s, t, region, address);
  if (row === 0) return -Err.NoMemory;

  // From here on it must succeed.
  if ((word & OwnerWord.Waiters) === 0) putWord(fx, frame, offset, word | OwnerWord.Waiters);
  if (deadline !== Infinity) armSleep(s, fx, hart, t, deadline);
  s.futex.inherits[row] = 1;
  s.thread.callStage[t] = CallStage.None;
  s.thread.callBlocking[t] = InterruptRule.Always;
  waitAtFutex(s, t, row, ANY_BITS);
  setOwner(s, fx, hart, row, whom);
  lendPriority(s, fx, hart, whom);
  return Result.Pending;
}

/**
 * Gives a word up: to its first waiter, or to nobody.
 *
 * @param word what the word was when the call was made
 * @param frame frame of the word, present and private to its space, and the word's offset there
 * @returns 0, -Err.NotPermitted when t does not own it, or -Err.Invalid
 */
export function unlockOwned(
  s: State,
  fx: Effects,
  hart: number,
  t: number,
  region: number,
  address: number,
  word: number,
  frame: number,
  offset: number,
): number {
  if ((word & OwnerWord.Thread) !== s.thread.tid[t]) return -Err.NotPermitted;
  const row = findFutex(s, t, region, address);
  if (row !== 0 && (s.futex.inherits[row] === 0 || s.futex.owner[row] !== t)) return -Err.Invalid;

  // From here on it must succeed.
  if (row === 0) {
    putWord(fx, frame, offset, 0);
    return 0;
  }
  const next = s.waiter.thread[s.futex.waitHead[row]];
  const waits = s.futex.refs[row] > 1 ? OwnerWord.Waiters : 0;
  putWord(fx, frame, offset, s.thread.tid[next] | waits);
  setOwner(s, fx, hart, row, next);
  completeCall(s, fx, hart, next, 0);
  return 0;
}

/**
 * Passes on the futexes of a thread that ends, at most OWNED_LIMIT of them. The first waiter of each
 * runs its call again, and finds that the word is its own.
 */
export function releaseOwned(s: State, fx: Effects, hart: number, thread: number): void {
  while (s.thread.firstOwned[thread] !== 0) {
    const row = s.thread.firstOwned[thread];
    const heir = s.waiter.thread[s.futex.waitHead[row]];
    setOwner(s, fx, hart, row, heir);
    s.thread.callStage[heir] = CallStage.Heir;
    wakeThread(s, fx, hart, heir, WakeReason.Restart);
  }
}

/** Whether a thread can be named as an owner: neither it nor its process is on its way out. */
export function isAlive(s: State, thread: number): boolean {
  return thread !== 0 && s.thread.state[thread] !== ThreadState.Dead &&
    s.process.state[s.thread.process[thread]] === ProcessState.Live;
}
