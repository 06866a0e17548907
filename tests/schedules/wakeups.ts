/**
 * Lost wake-ups, read off the state: every blocked thread is asked what it waits for, and a thread
 * whose condition is already true, or that nothing will ever tell, is named. It uses none of the
 * kernel's own bookkeeping of who is to be woken.
 */
import { ATOMIC_BYTES, PIPE_BYTES, pipeHeld } from "../../core/fs/pipe.ts";
import { CallStage } from "../../core/sched/call_stage.ts";
import { streamReadable } from "../../core/fs/stream.ts";
import { terminalReadable } from "../../core/fs/line_discipline.ts";
import { ONE, type State } from "../../core/kernel.ts";
import { News, newsOf } from "../../core/proc/wait_child.ts";
import { nextSignal } from "../../core/proc/signal.ts";
import { Signal } from "../../core/proc/signal_numbers.ts";
import { ProcessState } from "../../core/proc/tables.ts";
import { scheduler } from "../../core/sched/scheduler.ts";
import { Request, ThreadState, WaitKind } from "../../core/sched/tables.ts";

/** Arguments of the call a thread has in progress, as signed numbers; empty when unknown. */
export type ArgumentsOf = (thread: number) => readonly number[];

const WAIT_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(WaitKind).map(([name, kind]) => [kind, name]),
);

/** The name of a WaitKind. */
export function waitName(kind: number): string {
  return WAIT_NAMES[kind] ?? `kind ${kind}`;
}

/** Waiters taken off their object's queue to be woken by the steps that follow. */
function waking(s: State): ReadonlySet<number> {
  const found = new Set<number>();
  for (let w = s.kernel.wakingHead[ONE]; w !== 0; w = s.waiter.next[w]) found.add(w);
  return found;
}

function pipeReadReady(s: State, w: number, pipe: number): boolean {
  const t = s.waiter.thread[w];
  const events = s.waiter.events[w];
  const held = pipeHeld(s, pipe);
  if (events !== 0) return ((events & 1) !== 0 && held > 0) || s.pipe.writers[pipe] === 0;
  if (s.thread.callStage[t] === CallStage.OpenFifo) return s.pipe.writers[pipe] > 0;
  return held > 0 || s.pipe.writers[pipe] === 0;
}

function pipeWriteReady(s: State, w: number, pipe: number): boolean {
  const t = s.waiter.thread[w];
  const events = s.waiter.events[w];
  const room = PIPE_BYTES - pipeHeld(s, pipe);
  if (events !== 0) {
    return ((events & 4) !== 0 && room >= ATOMIC_BYTES) || s.pipe.readers[pipe] === 0;
  }
  if (s.thread.callStage[t] === CallStage.OpenFifo) return s.pipe.readers[pipe] > 0;
  if (s.pipe.readers[pipe] === 0) return true;
  // Writers are served in the order they came: who is not first waits for the first.
  for (let v = s.waiter.previous[w]; v !== 0; v = s.waiter.previous[v]) {
    if (s.waiter.events[v] === 0) return false;
  }
  if (s.thread.callStage[t] !== CallStage.PipeWrite) return room === PIPE_BYTES;
  const total = s.thread.callArgument[4 * t + 1];
  return room >= (total <= ATOMIC_BYTES ? total - s.thread.callProgress[t] : 1);
}

function childReady(s: State, parent: number, args: readonly number[]): boolean {
  if (args.length < 3) return false;
  const which = args[0] | 0;
  let candidates = 0;
  for (let c = s.process.firstChild[parent]; c !== 0; c = s.process.nextSibling[c]) {
    const group = which === 0 ? s.process.group[parent] : -which;
    if (which > 0 && s.process.pid[c] !== which) continue;
    if (which <= 0 && which !== -1 && s.process.group[c] !== group) continue;
    candidates++;
    if (newsOf(s, c, args[2]) !== News.None) return true;
  }
  return candidates === 0;
}

function shootdownLost(s: State, row: number): boolean {
  if (s.shootdown.$live[row] === 0) return true;
  const { waitingLo, waitingHi } = s.shootdown;
  if ((waitingLo[row] | waitingHi[row]) === 0) return true;
  for (let h = 0; h < s.kernel.harts[ONE]; h++) {
    const word = h < 32 ? waitingLo[row] : waitingHi[row];
    // A hart that is waited for and will not be interrupted never answers.
    if (((word >>> (h & 31)) & 1) === 1 && s.hart.ipiPending[h + 1] === 0) return true;
  }
  return false;
}

/** Whether nobody will hand on a futex that is handed on: its owner has ended, or there is none. */
function futexLost(s: State, row: number): boolean {
  if (s.futex.inherits[row] === 0) return false;
  const owner = s.futex.owner[row];
  return owner === 0 || s.thread.$live[owner] === 0 || s.thread.state[owner] === ThreadState.Dead;
}

/** Whether a channel is gone for good: nobody is left to take from it, or to answer. */
function channelLost(s: State, channel: number): boolean {
  if (s.channel.$live[channel] === 0 || s.channel.dying[channel] === 2) return true;
  return s.channel.dying[channel] === 1 && s.ipc.dyingChannel[ONE] === 0;
}

/** Whether what a waiter waits for has happened already, or can never be told to it. */
function conditionTrue(s: State, w: number, argumentsOf: ArgumentsOf): boolean {
  const object = s.waiter.object[w];
  const t = s.waiter.thread[w];
  switch (s.waiter.kind[w]) {
    case WaitKind.Child:
      return childReady(s, object, argumentsOf(t));
    case WaitKind.PipeRead:
      return pipeReadReady(s, w, object);
    case WaitKind.PipeWrite:
      return pipeWriteReady(s, w, object);
    case WaitKind.Chunk:
      return s.chunkRequest.$live[object] === 0;
    case WaitKind.Terminal:
      return s.thread.callDeadline[t] === 0 && terminalReadable(s, object);
    case WaitKind.SpaceOperation: {
      const holder = s.addressSpace.operation[object];
      return holder === 0 || holder === t;
    }
    case WaitKind.FileOperation: {
      const holder = s.inode.operation[object];
      return holder === 0 || holder === t;
    }
    case WaitKind.Shootdown:
      return shootdownLost(s, object);
    case WaitKind.Vfork:
      return s.process.state[object] === ProcessState.Zombie ||
        s.process.space[object] !== s.process.space[s.thread.process[t]];
    case WaitKind.MessageSend:
      return channelLost(s, object) ||
        (s.channel.receiveHead[object] !== 0 && s.channel.dying[object] === 0);
    case WaitKind.MessageReceive:
      if (channelLost(s, object)) return true;
      if (s.channel.dying[object] === 1) return false;
      return s.channel.sendHead[object] !== 0 || s.channel.firstPulse[object] !== 0 ||
        s.channel.ringHead[object] !== 0;
    case WaitKind.MessageReply:
      return channelLost(s, object) || s.message.receipt[s.thread.message[t]] === 0;
    case WaitKind.Notification:
      return s.notification.bits[object] !== 0;
    case WaitKind.Futex:
      return futexLost(s, object);
    case WaitKind.Threads:
      return s.process.threads[object] === 1;
    case WaitKind.Join:
      return s.thread.state[object] === ThreadState.Dead;
    case WaitKind.Stream:
      return streamReadable(s, s.stream.unit[object]) || s.stream.requested[object] === 0;
    default:
      return false;
  }
}

/** Waits that no signal cuts short: they end by themselves. */
const DEAF: ReadonlySet<number> = new Set([
  WaitKind.Shootdown,
  WaitKind.Chunk,
  WaitKind.SpaceOperation,
  WaitKind.FileOperation,
]);
/** Waits a deadline may end. */
const TIMED: ReadonlySet<number> = new Set([
  WaitKind.Sleep,
  WaitKind.PipeRead,
  WaitKind.PipeWrite,
  WaitKind.Terminal,
  WaitKind.Stream,
  WaitKind.MessageSend,
  WaitKind.MessageReceive,
  WaitKind.MessageReply,
  WaitKind.Notification,
  WaitKind.Futex,
  WaitKind.Join,
]);

/** Whether the deadline of a waiting thread ends the wait it is in: a message's only in some states. */
function isTimed(s: State, t: number, kind: number): boolean {
  if (kind < WaitKind.MessageSend || kind > WaitKind.MessageReply) return true;
  const m = s.thread.message[t];
  return s.message.asked[m] === 0 &&
    ((s.message.timeoutStates[m] >>> s.message.state[m]) & 1) === 1;
}

function blockedFault(
  s: State,
  t: number,
  taken: ReadonlySet<number>,
  argumentsOf: ArgumentsOf,
): string {
  const own = s.thread.waiter[t];
  const requests = s.thread.requests[t];
  const kind = s.waiter.kind[own];
  if (kind === WaitKind.None) {
    const told = (requests & (Request.Wake | Request.Start)) !== 0;
    return told ? "" : "is blocked in no queue, and nobody has asked for it to be woken";
  }
  if (taken.has(own)) return "";
  for (let w = own; w !== 0; w = s.waiter.nextOfThread[w]) {
    if (s.waiter.kind[w] === WaitKind.None || taken.has(w)) continue;
    if (conditionTrue(s, w, argumentsOf)) {
      return `waits for ${waitName(s.waiter.kind[w])} ${s.waiter.object[w]}, which has come`;
    }
  }
  const deadline = s.thread.callDeadline[t];
  const moving = (requests & Request.Start) !== 0;
  const asked = kind === WaitKind.MessageReply && s.message.asked[s.thread.message[t]] === 1;
  if (deadline > 0 && TIMED.has(kind) && !moving && isTimed(s, t, kind)) {
    if (s.thread.timerIndex[t] === 0) return "has a deadline and no timer";
    if (s.thread.timerDeadline[t] !== deadline) return "has a timer for another deadline";
  }
  const p = s.thread.process[t];
  const unlessKilled = kind === WaitKind.Vfork || kind === WaitKind.Threads;
  const unkilled = s.process.killed[p] + s.thread.doomed[t] === 0;
  const deaf = DEAF.has(kind) || ((unlessKilled || asked) && unkilled);
  const signal = deaf ? 0 : nextSignal(s, t);
  const told = (requests & (Request.Signal | Request.Start)) !== 0;
  if (signal === 0 || told || isAttended(s, t, signal)) return "";
  return `sleeps through signal ${signal}`;
}

/** Whether a signal is the process's, and another thread of it that does not block it will look. */
function isAttended(s: State, t: number, signal: number): boolean {
  const p = s.thread.process[t];
  if (signal === Signal.Kill || s.thread.faultSignal[t] !== 0) return false;
  const bit = (set: ArrayLike<number>, row: number): number => (set[row] >>> (signal - 1)) & 1;
  if (signal > 32 || bit(s.thread.pendingLo, t) === 1) return false;
  for (let u = s.process.firstThread[p]; u !== 0; u = s.thread.nextInProcess[u]) {
    if (u === t || bit(s.thread.blockedLo, u) === 1) continue;
    const state = s.thread.state[u];
    const wakes = state === ThreadState.Ready || state === ThreadState.Stopped;
    const waits = s.waiter.kind[s.thread.waiter[u]] !== WaitKind.None;
    const deaf = waits && DEAF.has(s.waiter.kind[s.thread.waiter[u]]);
    if (wakes || deaf || (state === ThreadState.Blocked && !waits)) return true;
    if ((s.thread.requests[u] & Request.Signal) !== 0 || s.thread.sampled[u] === 1) return true;
    // Between its steps it has not come to looking yet; with a call to run again it comes at once.
    const steps = s.hart.continuePending[s.thread.hart[u] + 1] === 1;
    if (state === ThreadState.Running && (steps || s.thread.call[u] !== 0)) return true;
  }
  return false;
}

function threadFault(
  s: State,
  t: number,
  taken: ReadonlySet<number>,
  argumentsOf: ArgumentsOf,
): string {
  const state = s.thread.state[t];
  if (s.thread.requests[t] !== 0 && s.thread.inInbox[t] === 0) return "has requests in no inbox";
  if (state === ThreadState.Blocked) return blockedFault(s, t, taken, argumentsOf);
  if (s.waiter.kind[s.thread.waiter[t]] !== WaitKind.None) return "waits without being blocked";
  if (state === ThreadState.Ready && s.thread.queued[t] === 0 && s.thread.requests[t] === 0) {
    return "is ready, in no queue and not in transit";
  }
  if (state === ThreadState.Running && s.thread.timerIndex[t] !== 0) {
    return "runs with its sleep timer armed";
  }
  if (state === ThreadState.Stopped && s.process.killed[s.thread.process[t]] !== 0) {
    return "stays stopped though it was killed";
  }
  return "";
}

/** What a hart has forgotten, or "". */
function hartFault(s: State, hart: number): string {
  const row = hart + 1;
  const steps = s.hart.continuePending[row] !== 0;
  if (s.hart.inboxHead[row] !== 0 && s.hart.ipiPending[row] === 0 && !steps) {
    return "has requests in its inbox and no interrupt to come";
  }
  const replyDue = s.kernel.sampling[ONE] === row;
  if (s.kernel.booted[ONE] === 0 || steps || replyDue || s.kernel.shutdown[ONE] !== 0) return "";
  const current = s.hart.current[row];
  if (current === 0) return s.hart.ready[row] > 0 ? "idles while a thread is ready" : "";
  const best = scheduler.peek(s, hart);
  if (best !== 0 && s.thread.level[best] > s.thread.level[current]) {
    return "runs a thread below the best one that is ready";
  }
  return "";
}

/**
 * The first thread or hart that waits for what has come, or that nothing will wake; "" when there is
 * none. To be asked after any event.
 */
export function lostWakeup(s: State, argumentsOf: ArgumentsOf): string {
  if (s.kernel.$live[ONE] === 0 || s.kernel.booted[ONE] === 0) return "";
  const taken = waking(s);
  const top = s.thread.$header[0];
  for (let t = 1; t <= top; t++) {
    if (s.thread.$live[t] === 0 || s.thread.state[t] === ThreadState.Dead) continue;
    if (s.thread.state[t] === ThreadState.Embryo) continue;
    const fault = threadFault(s, t, taken, argumentsOf);
    if (fault !== "") return `thread ${t} ${fault}`;
  }
  for (let hart = 0; hart < s.kernel.harts[ONE]; hart++) {
    const fault = hartFault(s, hart);
    if (fault !== "") return `hart ${hart} ${fault}`;
  }
  return "";
}
