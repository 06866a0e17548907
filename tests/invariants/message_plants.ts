/** Plants for the checks of channels, messages, pulses and posts: one for each thing they report. */
import { ChannelFlag, MessageState } from "../../core/ipc/tables.ts";
import type { State } from "../../core/kernel.ts";
import { Account } from "../../core/ledger/accounts.ts";
import { ThreadState, WaitKind } from "../../core/sched/tables.ts";
import { always, blockedOn, type Plant, row, threads } from "./plant.ts";

const plant = (
  id: string,
  stage: string,
  what: string,
  says: readonly string[],
  write: Plant["write"],
): Plant => ({ id, group: "messages", stage, what, says, write });

const channels = (s: State) => s.channel;
const messageRows = (s: State) => s.message;

/** Books one more in an account as soon as there is a channel. */
const books = (account: number): Plant["write"] =>
  row(channels, always, (s) => s.account.balance[account]++);

/** Whether a message waits at a channel whose server has received from it and from no other. */
function servesOne(s: State, channel: number): boolean {
  const { server, serverGeneration, flags, sendHead } = s.channel;
  const thread = server[channel];
  if (thread === 0 || sendHead[channel] === 0) return false;
  if ((flags[channel] & ChannelFlag.FixedPriority) !== 0) return false;
  if (s.thread.$live[thread] !== 1 || s.thread.state[thread] === ThreadState.Dead) return false;
  if (s.thread.$generation[thread] !== serverGeneration[channel]) return false;
  if (server.filter((other, c) => s.channel.$live[c] === 1 && other === thread).length !== 1) {
    return false;
  }
  return s.message.channel[s.thread.message[thread]] === channel;
}

export const messagePlants: readonly Plant[] = [
  plant(
    "I4",
    "messages",
    "a message in another state than its thread's queue",
    ["in state *, its thread in queue *"],
    row(
      threads,
      (s, t) => blockedOn(s, t) === WaitKind.MessageReply,
      (s, t) => s.message.state[s.thread.message[t]] = MessageState.Sent,
    ),
  ),
  plant(
    "I4",
    "messages",
    "a thread in a queue that is not blocked",
    ["its thread * waits without being blocked"],
    row(
      threads,
      (s, t) => blockedOn(s, t) === WaitKind.MessageSend,
      (s, t) => s.thread.state[t] = ThreadState.Ready,
    ),
  ),
  plant(
    "I4",
    "messages",
    "capabilities that were received and are carried on",
    ["carries capabilities, its thread is in queue *"],
    row(
      threads,
      (s, t) => blockedOn(s, t) === WaitKind.MessageReply,
      (s, t) => s.message.carried[s.thread.message[t]] = 1,
    ),
  ),
  plant(
    "I5",
    "messages",
    "a receiver asleep beside a pulse",
    [
      "has both something to receive and someone who waits for it",
      "* queued, * in the books",
      "* queued and * kept, * rows in the books",
    ],
    row(
      channels,
      (s, c) => s.channel.receiveHead[c] !== 0,
      (s, c) => s.channel.firstPulse[c] = 1,
    ),
  ),
  plant(
    "I6",
    "messages",
    "a message queued before an earlier one",
    ["message * is queued behind one it goes before"],
    row(
      channels,
      (s, c) => s.channel.sendHead[c] !== s.channel.sendTail[c],
      (s, c) => {
        const message = s.thread.message[s.waiter.thread[s.channel.sendHead[c]]];
        s.message.arrival[message] += 1000;
      },
    ),
  ),
  plant(
    "I6",
    "messages",
    "a pulse queued behind a worse one",
    ["pulse * is queued behind one it goes before"],
    row(
      channels,
      (s, c) => s.channel.firstPulse[c] !== s.channel.lastPulse[c],
      (s, c) => s.pulse.priority[s.channel.lastPulse[c]] = 255,
    ),
  ),
  plant(
    "I6",
    "messages",
    "a server that has less than a message that waits for it",
    ["its server has *, message * waits with more"],
    row(
      channels,
      servesOne,
      (s, c) => s.message.priority[s.thread.message[s.waiter.thread[s.channel.sendHead[c]]]] = 255,
    ),
  ),
  plant(
    "C8",
    "messages",
    "a channel the books do not know of",
    ["* in use, * in the books"],
    row(channels, always, (s) => s.account.balance[Account.ChannelUsed]--),
  ),
  plant(
    "C9",
    "messages",
    "a connection to a channel that does not list it",
    ["leads to channel *, which does not list it"],
    row(
      channels,
      (s, c) => {
        const listed = s.channel.firstConnection[c];
        return listed !== 0 && s.connection.nextOfChannel[listed] === 0;
      },
      (s, c) => s.channel.firstConnection[c] = 0,
    ),
  ),
  plant(
    "C10",
    "messages",
    "a message that is forgotten in flight",
    ["in state *, its thread in queue *", "* in flight, * in the books"],
    row(
      messageRows,
      (s, m) => s.message.state[m] === MessageState.Received,
      (s, m) => s.message.state[m] = MessageState.Idle,
    ),
  ),
  plant(
    "C10",
    "messages",
    "a message that is booked and was not sent",
    ["* in flight, * in the books"],
    books(Account.MessagePending),
  ),
  plant(
    "C11",
    "messages",
    "a pulse that is dropped",
    ["* queued, * in the books", "* queued and * kept, * rows in the books"],
    row(
      channels,
      (s, c) => s.channel.firstPulse[c] !== 0,
      (s, c) => s.channel.firstPulse[c] = 0,
    ),
  ),
  plant(
    "C11",
    "messages",
    "a pulse that is counted twice",
    ["* queued, * in the books"],
    row(
      channels,
      (s, c) => s.channel.firstPulse[c] !== 0,
      (s, c) => s.pulse.repeats[s.channel.firstPulse[c]]++,
    ),
  ),
  plant(
    "C11",
    "messages",
    "a row kept for a pulse that nobody holds",
    ["* queued and * kept, * rows in the books"],
    books(Account.PulseUsed),
  ),
  plant(
    "I6",
    "channels",
    "a post that waits before an earlier one",
    ["post * waits behind one that came after it"],
    row(
      channels,
      (s, c) => s.channel.ringUsed[c] > 1,
      (s, c) => s.ringEntry.arrival[s.channel.ringHead[c]] += 1000,
    ),
  ),
  plant(
    "C11",
    "channels",
    "a post that is dropped",
    ["* in rings, * in the books", "rings may hold * more, the books say otherwise"],
    row(
      channels,
      (s, c) => s.channel.ringHead[c] !== 0,
      (s, c) => s.channel.ringHead[c] = 0,
    ),
  ),
  plant(
    "C11",
    "channels",
    "a post that is booked and is in no ring",
    ["* in rings, * in the books"],
    books(Account.PostPending),
  ),
  plant(
    "C11",
    "channels",
    "a ring that holds more than it may",
    [
      "* posts in its ring, more than it may hold",
      "rings may hold * more, the books say otherwise",
    ],
    row(
      channels,
      (s, c) => s.channel.ringHead[c] !== 0,
      (s, c) => s.channel.ringCapacity[c] = 0,
    ),
  ),
  plant(
    "C11",
    "channels",
    "room set aside for a ring there is not",
    ["rings may hold * more, the books say otherwise"],
    books(Account.RingReserved),
  ),
];
