import { ChannelFlag, MessageState, SERVICE_NAME_BYTES } from "../../../core/ipc/tables.ts";
import type { State } from "../../../core/kernel.ts";
import { isCurrent } from "../../../core/state/table.ts";
import { liveRows, threadName, wordOf } from "./names.ts";
import type { Cell, Sheet } from "./sheet.ts";

const decoder = new TextDecoder();

/** Thread ids of a queue of waiters, in its order. */
function queueOf(s: State, head: number): string {
  const threads: string[] = [];
  for (let w = head; w !== 0; w = s.waiter.next[w]) threads.push(threadName(s, s.waiter.thread[w]));
  return threads.length === 0 ? "-" : threads.join(",");
}

/** Pulses that wait, those of programs and those of the kernel. */
function pulsesOf(s: State, channel: number): number {
  let count = 0;
  for (let p = s.channel.firstPulse[channel]; p !== 0; p = s.pulse.next[p]) {
    count += 1 + s.pulse.repeats[p];
  }
  return count;
}

/** Names of a channel, newest first. */
function namesOf(s: State, channel: number): string {
  const n = s.serviceName;
  const names: string[] = [];
  for (let row = s.channel.firstName[channel]; row !== 0; row = n.next[row]) {
    const at = row * SERVICE_NAME_BYTES;
    names.push(JSON.stringify(decoder.decode(n.bytes.subarray(at, at + n.length[row]))));
  }
  return names.length === 0 ? "-" : names.join(" ");
}

/** Posts in a channel's ring, of as many as it may hold. */
function ringOf(s: State, channel: number): string {
  const capacity = s.channel.ringCapacity[channel];
  return capacity === 0 ? "-" : `${s.channel.ringUsed[channel]}/${capacity}`;
}

function connectionsOf(s: State, channel: number): number {
  let count = 0;
  let connection = s.channel.firstConnection[channel];
  for (; connection !== 0; connection = s.connection.nextOfChannel[connection]) count++;
  return count;
}

function flagsOf(s: State, channel: number): string {
  const flags = s.channel.flags[channel];
  const set = Object.values(ChannelFlag).filter((bit) => (flags & bit) !== 0);
  const words = set.map((bit) => wordOf(ChannelFlag, bit));
  if (s.channel.dying[channel] !== 0) words.unshift("dying");
  return words.join(", ");
}

function channelRow(s: State, channel: number): readonly Cell[] {
  const c = s.channel;
  const owner = c.process[channel];
  const server = c.server[channel];
  const serves = isCurrent(s.thread, server, c.serverGeneration[channel]);
  return [
    channel,
    owner === 0 ? "-" : String(s.process.pid[owner]),
    connectionsOf(s, channel),
    queueOf(s, c.sendHead[channel]),
    queueOf(s, c.receiveHead[channel]),
    queueOf(s, c.replyHead[channel]),
    pulsesOf(s, channel),
    ringOf(s, channel),
    serves ? threadName(s, server) : "-",
    c.received[channel],
    c.answered[channel],
    c.pulsed[channel],
    c.posted[channel],
    c.limited[channel],
    c.full[channel],
    namesOf(s, channel),
    flagsOf(s, channel),
  ];
}

/** Messages under way, in a word each: how many are sent, received or awaited. */
function messageFacts(s: State): Record<string, number> {
  const facts: Record<string, number> = {};
  for (const m of liveRows(s.message)) {
    const state = s.message.state[m];
    if (state === MessageState.Idle) continue;
    const name = `messages ${wordOf(MessageState, state)}`;
    facts[name] = (facts[name] ?? 0) + 1;
  }
  return facts;
}

/** Every channel: who waits in its three queues, and what went through it. */
export function channelsView(s: State): Sheet {
  return {
    columns: [
      "channel",
      "pid",
      "clients",
      "send",
      "receive",
      "reply",
      "pulses",
      "ring",
      "serves",
      "received",
      "answered",
      "pulsed",
      "posted",
      "limited",
      "full",
      "names",
      "flags",
    ],
    rows: [...liveRows(s.channel)].map((channel) => channelRow(s, channel)),
    facts: messageFacts(s),
    none: "no channels",
  };
}
