import type { Effects } from "../effect.ts";
import { Err } from "../error.ts";
import { roleRegister } from "../isa/signal_frame.ts";
import { ONE, type State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { UNITS } from "../limits.ts";
import { completeCall } from "../sched/call.ts";
import { WaitKind } from "../sched/tables.ts";
import { firstWaiter } from "../sched/wait.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { goesBefore, noteArrival, signalArrival } from "./arrival.ts";
import { servePriority } from "./priority.ts";
import { POST_BYTES, RING_LIMIT, RING_QUOTA, sessionOf } from "./tables.ts";
import { TagFlag } from "./tag.ts";

/** 32-bit words of what is posted. */
const WORDS = POST_BYTES / 4;
/** Register a receiver finds the poster's session in; what was posted is in a2 to a5. */
const SESSION = 16;

/**
 * Whether a process may have a ring of so many entries: what its rings and all others may hold is
 * set aside, so that a ring that has room always gets a row.
 *
 * @returns 0, -Err.Invalid for no such capacity, -Err.Again when it or the system has too many
 */
export function mayReserve(s: State, process: number, capacity: number): number {
  if (!(capacity >= 1 && capacity <= RING_LIMIT)) return -Err.Invalid;
  if (s.process.ringReserved[process] + capacity > RING_QUOTA) return -Err.Again;
  if (s.ipc.ringReserved[ONE] + capacity >= s.ringEntry.$capacity) return -Err.Again;
  return 0;
}

/** Gives a new channel a ring, where `mayReserve`. */
export function reserveRing(s: State, channel: number, capacity: number): void {
  s.channel.ringCapacity[channel] = capacity;
  s.process.ringReserved[s.channel.process[channel]] += capacity;
  s.ipc.ringReserved[ONE] += capacity;
  post(s, Account.RingFree, Account.RingReserved, capacity);
}

/** Puts what was posted into a receiver's registers; its call returns 0, for nobody waits. */
function handOver(
  fx: Effects,
  thread: number,
  length: number,
  words: Uint32Array,
  at: number,
  session: number,
): void {
  fx.setRegister(thread, roleRegister.a1, TagFlag.Posted + length);
  for (let i = 0; 8 * i < length; i++) {
    fx.setRegisterWords(thread, roleRegister.a2 + i, words[at + 2 * i], words[at + 2 * i + 1]);
  }
  fx.setRegister(thread, SESSION, session);
}

/**
 * Posts to an asynchronous channel: a receiver that waits gets it at once, else it waits in the
 * ring. It never blocks.
 *
 * @param words where the registers lie that are posted, from index `at`
 * @param length bytes of them, at most POST_BYTES
 * @returns 0; -Err.NotSupported for a channel without a ring; -Err.Again when the ring is full
 */
export function postMessage(
  s: State,
  fx: Effects,
  h: number,
  channel: number,
  connection: number,
  priority: number,
  length: number,
  words: Uint32Array,
  at: number,
): number {
  const c = s.channel;
  if (c.ringCapacity[channel] === 0) return -Err.NotSupported;
  const { sessionLo, sessionHi } = s.connection;
  const receiver = firstWaiter(s, WaitKind.MessageReceive, channel);
  if (receiver !== 0) {
    const session = sessionOf(sessionLo[connection], sessionHi[connection]);
    servePriority(s, fx, h, channel, receiver, priority);
    handOver(fx, receiver, length, words, at, session);
    completeCall(s, fx, h, receiver, 0);
    post(s, Account.PostSource, Account.PostReceived, 1);
    c.posted[channel]++;
    return 0;
  }
  const room = c.ringUsed[channel] < c.ringCapacity[channel];
  // A row that was set aside may be one whose generations are used up.
  const entry = room ? allocRow(s.ringEntry) : 0;
  if (entry === 0) {
    c.full[channel]++;
    return -Err.Again;
  }
  // From here on it must succeed.
  const r = s.ringEntry;
  r.sessionLo[entry] = sessionLo[connection];
  r.sessionHi[entry] = sessionHi[connection];
  r.priority[entry] = priority;
  r.length[entry] = length;
  // Whole registers, as a receiver that waits would get them.
  for (let i = 0; 4 * i < length || i % 2 === 1; i++) r.word[WORDS * entry + i] = words[at + i];
  enqueue(s, channel, entry);
  c.posted[channel]++;
  signalArrival(s, fx, h, channel);
  return 0;
}

function enqueue(s: State, channel: number, entry: number): void {
  const c = s.channel;
  s.ringEntry.arrival[entry] = noteArrival(s, channel);
  const last = c.ringTail[channel];
  if (last === 0) c.ringHead[channel] = entry;
  else s.ringEntry.next[last] = entry;
  c.ringTail[channel] = entry;
  c.ringUsed[channel]++;
  post(s, Account.RingReserved, Account.RingUsed, 1);
  post(s, Account.PostSource, Account.PostPending, 1);
}

/** Takes the first entry out of a ring. */
function dequeue(s: State, channel: number, account: number): void {
  const c = s.channel;
  const entry = c.ringHead[channel];
  c.ringHead[channel] = s.ringEntry.next[entry];
  if (c.ringHead[channel] === 0) c.ringTail[channel] = 0;
  c.ringUsed[channel]--;
  freeRow(s.ringEntry, entry);
  post(s, Account.RingUsed, Account.RingReserved, 1);
  post(s, Account.PostPending, account, 1);
}

/**
 * Whether the first thing a channel has for its receivers is what was posted first. A ring is first
 * come first served; its first entry goes before pulses and messages by its priority, then arrival.
 *
 * @param message first message that waits to be received, 0 for none
 */
export function isRingFirst(s: State, channel: number, message: number): boolean {
  const entry = s.channel.ringHead[channel];
  if (entry === 0) return false;
  const pulse = s.channel.firstPulse[channel];
  const p = s.pulse;
  const own = s.ringEntry.priority[entry];
  const came = s.ringEntry.arrival[entry];
  if (pulse !== 0 && !goesBefore(own, came, p.priority[pulse], p.arrival[pulse])) return false;
  if (message === 0) return true;
  const waiter = s.thread.waiter[s.message.thread[message]];
  return goesBefore(own, came, s.waiter.priority[waiter], s.message.arrival[message]);
}

/** Gives what was posted first to a receiver; its call returns 0. */
export function receivePosted(
  s: State,
  fx: Effects,
  h: number,
  thread: number,
  channel: number,
): void {
  const r = s.ringEntry;
  const entry = s.channel.ringHead[channel];
  const session = sessionOf(r.sessionLo[entry], r.sessionHi[entry]);
  servePriority(s, fx, h, channel, thread, r.priority[entry]);
  handOver(fx, thread, r.length[entry], r.word, WORDS * entry, session);
  dequeue(s, channel, Account.PostReceived);
}

/** Throws away what waits in a dying channel's ring, as far as the event goes; true at the end. */
export function drainRing(s: State, fx: Effects, channel: number): boolean {
  for (; fx.woken < UNITS; fx.woken++) {
    if (s.channel.ringHead[channel] === 0) break;
    dequeue(s, channel, Account.PostDiscarded);
  }
  if (s.channel.ringHead[channel] !== 0) return false;
  const capacity = s.channel.ringCapacity[channel];
  s.channel.ringCapacity[channel] = 0;
  s.ipc.ringReserved[ONE] -= capacity;
  post(s, Account.RingReserved, Account.RingFree, capacity);
  return true;
}
