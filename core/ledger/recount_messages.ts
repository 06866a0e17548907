import { MessageState } from "../ipc/tables.ts";
import { ONE, type State } from "../kernel.ts";
import type { PriorityLinks } from "../sched/priority_list.ts";
import { WaitKind } from "../sched/tables.ts";
import { watermark } from "../state/table.ts";
import { checkNames, checkNamesOf, checkRing } from "./recount_channels.ts";
import type { Reach } from "./recount_walk.ts";

/** Checks channels, connections, messages and pulses against each other. */
export function checkMessages(s: State, reach: Reach): void {
  for (let channel = 1; channel <= watermark(s.channel); channel++) {
    if (s.channel.$live[channel] === 1) checkChannel(s, reach, channel);
  }
  for (let connection = 1; connection <= watermark(s.connection); connection++) {
    if (s.connection.$live[connection] === 1) checkConnection(s, reach, connection);
  }
  for (let message = 1; message <= watermark(s.message); message++) {
    if (s.message.$live[message] === 1) checkMessage(s, reach, message);
  }
  for (let p = 1; p <= watermark(s.process); p++) {
    if (s.process.$live[p] === 1) checkEnds(s, reach, p);
  }
  checkDying(s, reach);
}

/** A list in order of priority whose stretches know their ends. */
function checkOrder(
  links: PriorityLinks,
  head: number,
  tail: number,
  report: (row: number, what: string) => void,
): void {
  let begin = head;
  let previous = 0;
  let steps = 0;
  for (let row = head; row !== 0; row = links.next[row]) {
    if (++steps > links.next.length) return report(head, "its queue runs in a circle");
    if (links.previous[row] !== previous) report(row, "its link back in the queue is wrong");
    if (previous !== 0 && links.priority[row] > links.priority[previous]) {
      report(row, "queued behind a lower priority");
    }
    if (previous !== 0 && links.priority[row] !== links.priority[previous]) begin = row;
    const after = links.next[row];
    const isEnd = after === 0 || links.priority[after] !== links.priority[row];
    if (isEnd && (links.mate[row] !== begin || links.mate[begin] !== row)) {
      report(row, "the ends of its priority's stretch do not name each other");
    }
    previous = row;
  }
  if (previous !== tail) report(head, "the last of its queue is another");
}

/** Whether a pulse of a program is in a channel's queue, and the last that came of those there. */
function isQueued(s: State, channel: number, pulse: number): boolean {
  let found = false;
  let steps = 0;
  for (let p = s.channel.firstPulse[channel]; p !== 0; p = s.pulse.next[p]) {
    if (++steps > watermark(s.pulse)) return false;
    if (s.pulse.arrival[p] > s.pulse.arrival[pulse]) return false;
    found ||= p === pulse && s.pulse.kernel[p] === 0;
  }
  return found;
}

function checkChannel(s: State, reach: Reach, channel: number): void {
  const c = s.channel;
  const waiter = (row: number, what: string): void => reach.report("waiter", row, what);
  checkOrder(s.waiter, c.sendHead[channel], c.sendTail[channel], waiter);
  checkOrder(s.waiter, c.receiveHead[channel], c.receiveTail[channel], waiter);
  checkOrder(s.pulse, c.firstPulse[channel], c.lastPulse[channel], (row, what) => {
    reach.report("pulse", row, what);
  });
  const newest = c.newest[channel];
  if (newest !== 0 && (s.pulse.$live[newest] === 0 || !isQueued(s, channel, newest))) {
    reach.report("channel", channel, "the pulse that came last waits elsewhere");
  }
  const gone = c.dying[channel] !== 0;
  if (gone !== (c.process[channel] === 0)) {
    reach.report("channel", channel, "its owner and its dying mark disagree");
  }
  if (
    c.receiveHead[channel] !== 0 && !gone &&
    (c.sendHead[channel] | c.firstPulse[channel] | c.ringHead[channel]) !== 0
  ) {
    reach.report("channel", channel, "receivers wait beside what they could receive");
  }
  checkRing(s, reach, channel);
  checkNames(s, reach, channel);
  let previous = 0;
  let steps = 0;
  for (let x = c.firstConnection[channel]; x !== 0; x = s.connection.nextOfChannel[x]) {
    if (s.connection.channel[x] !== channel || s.connection.previousOfChannel[x] !== previous) {
      reach.report("connection", x, `listed by channel ${channel}, its links say otherwise`);
    }
    if (++steps > watermark(s.connection)) break;
    previous = x;
  }
}

function checkConnection(s: State, reach: Reach, connection: number): void {
  const c = s.connection;
  if ((c.dying[connection] !== 0) !== (c.process[connection] === 0)) {
    reach.report("connection", connection, "its owner and its dying mark disagree");
  }
  let previous = 0;
  let steps = 0;
  for (let m = c.firstMessage[connection]; m !== 0; m = s.message.nextOfConnection[m]) {
    if (
      s.message.connection[m] !== connection || s.message.previousOfConnection[m] !== previous
    ) {
      reach.report("message", m, `listed by connection ${connection}, its links say otherwise`);
    }
    if (++steps > watermark(s.message)) break;
    previous = m;
  }
}

/** The state a message must have while its thread waits in a queue of a kind; -1 for any. */
function stateOf(kind: number): number {
  switch (kind) {
    case WaitKind.MessageSend:
      return MessageState.Sent;
    case WaitKind.MessageReceive:
      return MessageState.Receiving;
    case WaitKind.MessageReply:
      return MessageState.Received;
    default:
      return -1;
  }
}

function checkMessage(s: State, reach: Reach, message: number): void {
  const thread = s.message.thread[message];
  if (s.thread.message[thread] !== message) {
    return reach.report("message", message, `of thread ${thread}, which has another`);
  }
  const waiter = s.thread.waiter[thread];
  const state = stateOf(s.waiter.kind[waiter]);
  if (state < 0) return;
  if (s.message.state[message] !== state) {
    reach.report("message", message, "its state and the queue of its thread disagree");
  }
  if (s.message.channel[message] !== s.waiter.object[waiter]) {
    reach.report("message", message, "its thread waits at another channel");
  }
  const received = s.message.receipt[message] !== 0;
  if (received !== (state === MessageState.Received)) {
    reach.report("message", message, "its receipt and its state disagree");
  }
}

/** The lists of a process's channels and connections. */
function checkEnds(s: State, reach: Reach, p: number): void {
  let previous = 0;
  let steps = 0;
  let capacity = 0;
  for (let c = s.process.firstChannel[p]; c !== 0; c = s.channel.nextOfProcess[c]) {
    capacity += s.channel.ringCapacity[c];
    if (s.channel.process[c] !== p || s.channel.previousOfProcess[c] !== previous) {
      reach.report("channel", c, `listed by process ${p}, its links say otherwise`);
    }
    if (++steps > watermark(s.channel)) break;
    previous = c;
  }
  if (capacity !== s.process.ringReserved[p]) {
    reach.report("process", p, `its rings may hold ${capacity}, ringReserved says otherwise`);
  }
  checkNamesOf(s, reach, p);
  previous = 0;
  steps = 0;
  for (let c = s.process.firstConnection[p]; c !== 0; c = s.connection.nextOfProcess[c]) {
    if (s.connection.process[c] !== p || s.connection.previousOfProcess[c] !== previous) {
      reach.report("connection", c, `listed by process ${p}, its links say otherwise`);
    }
    if (++steps > watermark(s.connection)) break;
    previous = c;
  }
  if (steps !== s.process.connections[p]) {
    const claimed = s.process.connections[p];
    reach.report("process", p, `${steps} connections, connections says ${claimed}`);
  }
}

function checkDying(s: State, reach: Reach): void {
  let steps = 0;
  for (let c = s.ipc.dyingChannel[ONE]; c !== 0; c = s.channel.nextOfProcess[c]) {
    if (s.channel.dying[c] !== 1) reach.report("channel", c, "taken apart, but not dying");
    if (++steps > watermark(s.channel)) break;
  }
  steps = 0;
  for (let c = s.ipc.dyingConnection[ONE]; c !== 0; c = s.connection.nextOfProcess[c]) {
    if (s.connection.dying[c] !== 1) reach.report("connection", c, "taken apart, but not dying");
    if (++steps > watermark(s.connection)) break;
  }
}
