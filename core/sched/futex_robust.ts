/**
 * Robust futexes: a list in user memory of those a thread holds. When the thread ends, or its
 * program does, the words that still hold its id are marked, and a waiter of each wakes. The list is
 * read by samples, one field after another; a word is marked in the event that brings it, so nobody
 * changes it in between.
 *
 * An entry is the address of the next one, its lowest bit set when that one's futex has an owner in
 * the sense of futex_owner.ts; the word lies at a distance from it that the head of the list tells.
 */
import type { Effects } from "../effect.ts";
import { Result } from "../error.ts";
import { AccessKind, type Event, payloadI64, payloadU32, payloadU64 } from "../event.ts";
import { ONE, type State } from "../kernel.ts";
import { PAGE_BYTES } from "../limits.ts";
import { peekUser, resolve } from "../mem/user.ts";
import { futexWake } from "./futex.ts";
import { OwnerWord, putWord } from "./futex_owner.ts";
import { beginOperation, endOperation, OperationKind } from "./operation.ts";

/** Most entries of a list that are looked at, as on Linux: a list may be a ring. */
export const ROBUST_LIMIT = 2048;
/** Bytes of the head: first entry, distance of the words, entry about to be entered or left. */
export const ROBUST_HEAD_BYTES = 24;

const POINTER_BYTES = 8;
const WORD_BYTES = 4;

/** Places in the cursor: what is read next, and what has been read. */
const Cursor = { Stage: 0, Entry: 1, Distance: 2, Pending: 3, Seen: 4, Next: 5 } as const;

/** What is read next. */
const Stage = {
  /** The head, field by field where it does not lie in one page. */
  First: 0,
  Distance: 1,
  Pending: 2,
  /** The entry after the current one. */
  Next: 3,
  /** The word of the current entry; as Owned once it is known to hold the thread's id. */
  Word: 4,
  OwnedWord: 5,
  /** The word of the entry about to be entered or left. */
  PendingWord: 6,
  OwnedPendingWord: 7,
} as const;

/** Stands for an entry that could not be read: the list ends with the current one. */
const NO_ENTRY = -1;

/** An entry's address, without the bit. */
function bare(entry: number): number {
  return entry - entry % 2;
}

function readsPending(stage: number): boolean {
  return stage >= Stage.PendingWord;
}

/** User address that is read next; any number, as the program wrote it. */
function addressOf(s: State, t: number): number {
  const c = s.thread.cursor;
  const at = 6 * t;
  const stage = c[at + Cursor.Stage];
  if (stage < Stage.Next) return s.thread.robustHead[t] + POINTER_BYTES * stage;
  if (stage === Stage.Next) return bare(c[at + Cursor.Entry]);
  const entry = c[at + (readsPending(stage) ? Cursor.Pending : Cursor.Entry)];
  return bare(entry) + c[at + Cursor.Distance];
}

/** Bytes the sample under way asked for: those that are wanted, and lie in one page. */
export function robustSampleBytes(s: State, t: number): number {
  const stage = s.thread.cursor[6 * t + Cursor.Stage];
  if (stage > Stage.Next) return WORD_BYTES;
  const wanted = stage === Stage.Next ? POINTER_BYTES : ROBUST_HEAD_BYTES - POINTER_BYTES * stage;
  return Math.min(wanted, PAGE_BYTES - addressOf(s, t) % PAGE_BYTES);
}

/** Whether the list of a thread that is to end, or whose program is, has yet to be looked at. */
export function owesRobustList(s: State, t: number): boolean {
  return s.thread.robustHead[t] !== 0 && s.kernel.shutdown[ONE] === 0;
}

/**
 * Begins to look at the list of the running thread, which makes no use of user memory afterwards.
 * When that is done, or has to wait for a page, the thread leaves the kernel as after any event:
 * whoever began it asks owesRobustList again. A list that had to wait is looked at from its head.
 */
export function beginRobustList(s: State, fx: Effects, hart: number, t: number): void {
  beginOperation(s, fx, hart, t, OperationKind.RobustList);
}

/** One step of OperationKind.RobustList: asks for what is read next, at most UNITS units of work. */
export function stepRobustList(s: State, fx: Effects, hart: number, t: number): number {
  while (owesRobustList(s, t)) {
    const r = ask(s, fx, hart, t);
    if (r > 0) return Result.Pending;
    if (r === Result.Pending) {
      endOperation(s, hart, t);
      return Result.Pending;
    }
    passUnreadable(s, t);
  }
  return Result.NoReturn;
}

/** Samples what is read next; > 0, -Err, or Result.Pending with the thread blocked. */
function ask(s: State, fx: Effects, hart: number, t: number): number {
  const stage = s.thread.cursor[6 * t + Cursor.Stage];
  const address = addressOf(s, t);
  const isWord = stage > Stage.Next;
  const bytes = robustSampleBytes(s, t);
  if (!(address >= 0) || (isWord ? address % WORD_BYTES !== 0 : bytes < POINTER_BYTES)) return 0;
  const writes = stage === Stage.OwnedWord || stage === Stage.OwnedPendingWord;
  const access = writes ? AccessKind.Write : AccessKind.Read;
  const frame = resolve(s, fx, hart, t, address, access);
  if (frame > 0) fx.sampleFrame(frame, address % PAGE_BYTES, bytes);
  return frame;
}

/** What follows where nothing can be read: only a current entry is still done with. */
function passUnreadable(s: State, t: number): void {
  if (s.thread.cursor[6 * t + Cursor.Stage] === Stage.Next) return noteNext(s, t, NO_ENTRY);
  finish(s, t);
}

/** Takes the reply to the sample under way. */
export function takeRobustSample(s: State, fx: Effects, e: Event, t: number): void {
  const c = s.thread.cursor;
  const at = 6 * t;
  const stage = c[at + Cursor.Stage];
  if (stage > Stage.Next) return takeWord(s, fx, e.hart, t, payloadU32(e, 0));
  if (stage === Stage.Next) return noteNext(s, t, payloadU64(e, 0));
  for (let done = 0; done + POINTER_BYTES <= e.payloadLength; done += POINTER_BYTES) {
    switch (c[at + Cursor.Stage]++) {
      case Stage.First:
        c[at + Cursor.Entry] = payloadU64(e, done);
        break;
      case Stage.Distance:
        c[at + Cursor.Distance] = payloadI64(e, done);
        break;
      case Stage.Pending:
        c[at + Cursor.Pending] = payloadU64(e, done);
        return beginEntry(s, t);
    }
  }
}

/** Goes on to the current entry, or past the list's end. */
function beginEntry(s: State, t: number): void {
  const c = s.thread.cursor;
  const at = 6 * t;
  const entry = c[at + Cursor.Entry];
  const ends = bare(entry) === s.thread.robustHead[t] || c[at + Cursor.Seen] === ROBUST_LIMIT;
  if (!ends) c[at + Cursor.Stage] = Stage.Next;
  else if (bare(c[at + Cursor.Pending]) !== 0) c[at + Cursor.Stage] = Stage.PendingWord;
  else finish(s, t);
}

/** Keeps the next entry and goes on to the current one's word, unless that comes at the end. */
function noteNext(s: State, t: number, next: number): void {
  const c = s.thread.cursor;
  const at = 6 * t;
  c[at + Cursor.Next] = next;
  if (bare(c[at + Cursor.Entry]) === bare(c[at + Cursor.Pending])) endEntry(s, t);
  else c[at + Cursor.Stage] = Stage.Word;
}

/** The current entry is done with. */
function endEntry(s: State, t: number): void {
  const c = s.thread.cursor;
  const at = 6 * t;
  if (readsPending(c[at + Cursor.Stage]) || c[at + Cursor.Next] === NO_ENTRY) return finish(s, t);
  c[at + Cursor.Entry] = c[at + Cursor.Next];
  c[at + Cursor.Seen]++;
  beginEntry(s, t);
}

function finish(s: State, t: number): void {
  s.thread.robustHead[t] = 0;
}

/** Marks a word that holds the thread's id, and wakes one who waits for it. */
function takeWord(s: State, fx: Effects, hart: number, t: number, word: number): void {
  const c = s.thread.cursor;
  const at = 6 * t;
  const stage = c[at + Cursor.Stage];
  const address = addressOf(s, t);
  const inherits = c[at + (readsPending(stage) ? Cursor.Pending : Cursor.Entry)] % 2 === 1;
  if ((word & OwnerWord.Thread) !== s.thread.tid[t]) {
    // Given up already, and perhaps nobody was woken yet.
    if (readsPending(stage) && !inherits && word === 0) futexWake(s, fx, hart, t, address);
    return endEntry(s, t);
  }
  const frame = peekUser(s, t, address, AccessKind.Write);
  if (frame === 0) {
    c[at + Cursor.Stage] = readsPending(stage) ? Stage.OwnedPendingWord : Stage.OwnedWord;
    return;
  }
  const waits = (word & OwnerWord.Waiters) >>> 0;
  putWord(fx, frame, address % PAGE_BYTES, waits + OwnerWord.OwnerDied);
  // Waiters of one with an owner are its heirs: they are told when the thread's futexes pass on.
  if (!inherits && waits !== 0) futexWake(s, fx, hart, t, address);
  endEntry(s, t);
}
