/** I4, I5, I6, C8 to C11: channels, the three queues of each, what is sent and what comes back. */
import { ownPriority } from "../../core/sched/effective_priority.ts";
import { ChannelFlag, MessageState } from "../../core/ipc/tables.ts";
import type { State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { type Check, eachLive, type Group, ONLY, type Report } from "./checker.ts";

const KIND_OF: Readonly<Record<number, number>> = {
  [MessageState.Sent]: WaitKind.MessageSend,
  [MessageState.Received]: WaitKind.MessageReply,
  [MessageState.Receiving]: WaitKind.MessageReceive,
};

/** I4: a thread that waits with a message waits in the queue of the state its message is in. */
function checkStates(s: State, report: Report): void {
  eachLive(s.message, (m) => {
    const thread = s.message.thread[m];
    const waiter = s.thread.waiter[thread];
    const kind = s.waiter.kind[waiter];
    if (kind < WaitKind.MessageSend || kind > WaitKind.MessageReply) return;
    if (s.thread.state[thread] !== ThreadState.Blocked) {
      report("I4", `message ${m}`, `its thread ${thread} waits without being blocked`);
    }
    if (s.message.carried[m] !== 0 && kind !== WaitKind.MessageSend) {
      report("I4", `message ${m}`, `carries capabilities, its thread is in queue ${kind}`);
    }
    if (KIND_OF[s.message.state[m]] !== kind) {
      report("I4", `message ${m}`, `in state ${s.message.state[m]}, its thread in queue ${kind}`);
    }
  });
}

/** I5 and I6: receivers never wait beside senders or pulses; whoever is better comes first. */
function checkQueues(s: State, report: Report): void {
  const c = s.channel;
  eachLive(c, (channel) => {
    const row = `channel ${channel}`;
    const waiting = (c.sendHead[channel] | c.firstPulse[channel] | c.ringHead[channel]) !== 0;
    if (waiting && c.receiveHead[channel] !== 0 && c.dying[channel] === 0) {
      report("I5", row, "has both something to receive and someone who waits for it");
    }
    let arrival = 0;
    let priority = 256;
    for (let w = c.sendHead[channel]; w !== 0; w = s.waiter.next[w]) {
      const m = s.thread.message[s.waiter.thread[w]];
      const better = s.waiter.priority[w] > priority;
      const earlier = s.waiter.priority[w] === priority && s.message.arrival[m] < arrival;
      if (better || earlier) report("I6", row, `message ${m} is queued behind one it goes before`);
      priority = s.waiter.priority[w];
      arrival = s.message.arrival[m];
    }
    priority = 256;
    for (let p = c.firstPulse[channel]; p !== 0; p = s.pulse.next[p]) {
      const earlier = s.pulse.priority[p] === priority && s.pulse.arrival[p] < arrival;
      if (s.pulse.priority[p] > priority || earlier) {
        report("I6", row, `pulse ${p} is queued behind one it goes before`);
      }
      priority = s.pulse.priority[p];
      arrival = s.pulse.arrival[p];
    }
    arrival = 0;
    for (let r = c.ringHead[channel]; r !== 0; r = s.ringEntry.next[r]) {
      const earlier = s.ringEntry.arrival[r] <= arrival;
      if (earlier) report("I6", row, `post ${r} waits behind one that came after it`);
      arrival = s.ringEntry.arrival[r];
    }
  });
}

/** The thread that last received from a channel that inherits, and is busy with nothing else; or 0. */
function busyServer(s: State, channel: number): number {
  const { server, serverGeneration, flags, dying } = s.channel;
  const thread = server[channel];
  if (thread === 0 || dying[channel] !== 0) return 0;
  if ((flags[channel] & ChannelFlag.FixedPriority) !== 0) return 0;
  if (s.thread.$live[thread] !== 1 || s.thread.state[thread] === ThreadState.Dead) return 0;
  if (s.thread.$generation[thread] !== serverGeneration[channel]) return 0;
  let channels = 0;
  eachLive(s.channel, (other) => {
    if (server[other] === thread) channels++;
  });
  return channels === 1 ? thread : 0;
}

/** I6: a busy server has at least the priority each waiting message was sent with. */
function checkServers(s: State, report: Report): void {
  eachLive(s.channel, (channel) => {
    const thread = busyServer(s, channel);
    if (thread === 0) return;
    // Whoever has received elsewhere since has ended its service, and inherits nothing by it.
    const last = s.thread.message[thread];
    if (last === 0 || s.message.channel[last] !== channel) return;
    const own = ownPriority(s, thread);
    for (let w = s.channel.sendHead[channel]; w !== 0; w = s.waiter.next[w]) {
      const m = s.thread.message[s.waiter.thread[w]];
      if (s.message.priority[m] <= own) continue;
      report("I6", `channel ${channel}`, `its server has ${own}, message ${m} waits with more`);
    }
  });
}

/** C8 and C9: rows in use are those of the books; a connection is in the list of its channel. */
function checkRows(s: State, report: Report): void {
  let channels = 0;
  const listed = new Map<number, number>();
  eachLive(s.channel, (channel) => {
    channels++;
    let steps = 0;
    for (let x = s.channel.firstConnection[channel]; x !== 0; x = s.connection.nextOfChannel[x]) {
      if (++steps > s.connection.$capacity) break;
      listed.set(x, channel);
    }
  });
  const booked = s.account.balance[Account.ChannelUsed];
  if (booked !== channels) report("C8", "channels", `${channels} in use, ${booked} in the books`);
  eachLive(s.connection, (x) => {
    const leads = s.connection.channel[x];
    if ((listed.get(x) ?? 0) !== leads) {
      report("C9", `connection ${x}`, `leads to channel ${leads}, which does not list it`);
    }
  });
}

/** C10 and C11: what was sent and has not ended waits somewhere, and nothing else does. */
function checkFlows(s: State, report: Report): void {
  let queued = 0;
  let pulses = 0;
  let pulseRows = 0;
  let held = 0;
  eachLive(s.channel, (channel) => {
    for (let p = s.channel.firstPulse[channel]; p !== 0; p = s.pulse.next[p]) {
      pulses += 1 + s.pulse.repeats[p];
      pulseRows++;
    }
  });
  eachLive(s.message, (m) => {
    const state = s.message.state[m];
    if (state === MessageState.Sent || state === MessageState.Received) queued++;
    if (s.message.pulse[m] !== 0) held++;
  });
  eachLive(s.connection, (x) => {
    if (s.connection.pulse[x] !== 0) held++;
  });
  const sent = s.account.balance[Account.MessagePending];
  if (sent !== queued) report("C10", "messages", `${queued} in flight, ${sent} in the books`);
  const waiting = s.account.balance[Account.PulsePending];
  if (waiting !== pulses) report("C11", "pulses", `${pulses} queued, ${waiting} in the books`);
  eachLive(s.thread, (t) => {
    if (s.thread.deathPulse[t] !== 0) held++;
  });
  const rows = s.account.balance[Account.PulseUsed];
  if (rows !== pulseRows + held) {
    report("C11", "pulses", `${pulseRows} queued and ${held} kept, ${rows} rows in the books`);
  }
}

/** C11: posts in the books are those that wait in rings, and every ring holds what it may. */
function checkRings(s: State, report: Report): void {
  let posts = 0;
  let capacity = 0;
  eachLive(s.channel, (channel) => {
    let own = 0;
    for (let r = s.channel.ringHead[channel]; r !== 0; r = s.ringEntry.next[r]) own++;
    posts += own;
    capacity += s.channel.ringCapacity[channel];
    if (own > s.channel.ringCapacity[channel]) {
      report("C11", `channel ${channel}`, `${own} posts in its ring, more than it may hold`);
    }
  });
  const { balance } = s.account;
  const booked = balance[Account.PostPending];
  if (booked !== posts || balance[Account.RingUsed] !== posts) {
    report("C11", "posts", `${posts} in rings, ${booked} in the books`);
  }
  if (balance[Account.RingReserved] !== capacity - posts) {
    report("C11", "posts", `rings may hold ${capacity - posts} more, the books say otherwise`);
  }
}

export const messages: Group = {
  name: "messages",
  ids: ["I4", "I5", "I6", "C8", "C9", "C10", "C11"],
  make: ({ state: s }): Check => (_e, report) => {
    if (s.channel.$header[0] === 0 || s.kernel.booted[ONLY] === 0) return;
    checkStates(s, report);
    checkQueues(s, report);
    checkServers(s, report);
    checkRows(s, report);
    checkFlows(s, report);
    checkRings(s, report);
  },
};
