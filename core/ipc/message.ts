import { assert } from "../assert.ts";
import type { State } from "../kernel.ts";
import { Account } from "../ledger/accounts.ts";
import { post } from "../ledger/post.ts";
import { WaitKind } from "../sched/tables.ts";
import { allocRow, freeRow } from "../state/table.ts";
import { freePulse } from "./pulse_row.ts";
import { MessageState } from "./tables.ts";

// Loaded once: a constant of another module is looked up wherever it is used.
const { MessageFailed, MessagePending, MessageRowFree, MessageRowUsed, MessageSource } = Account;
const { Idle, Received, Receiving, Sent } = MessageState;
const { MessageReply } = WaitKind;

/** Message rows: a receipt is its number times this plus the row. */
const ROWS = 4096;

/**
 * The message row of a thread, made at its first use.
 *
 * @returns the row, or 0 when the table is full
 */
export function messageOf(s: State, thread: number): number {
  const own = s.thread.message[thread];
  if (own !== 0) return own;
  const message = allocRow(s.message);
  if (message === 0) return 0;
  post(s, MessageRowFree, MessageRowUsed, 1);
  s.message.thread[message] = thread;
  s.thread.message[thread] = message;
  return message;
}

/** Frees the message row of a thread that ends, with whatever was in flight. */
export function freeMessage(s: State, thread: number): void {
  const message = s.thread.message[thread];
  if (message === 0) return;
  settleMessage(s, message, MessageFailed);
  s.thread.message[thread] = 0;
  if (s.message.pulse[message] !== 0) freePulse(s, s.message.pulse[message]);
  freeRow(s.message, message);
  post(s, MessageRowUsed, MessageRowFree, 1);
}

/** Notes that a thread's message goes through a connection to its channel. */
export function beginMessage(s: State, message: number, connection: number): void {
  const m = s.message;
  const channel = s.connection.channel[connection];
  m.state[message] = Sent;
  m.channel[message] = channel;
  m.channelGeneration[message] = s.channel.$generation[channel];
  m.connection[message] = connection;
  m.sessionLo[message] = s.connection.sessionLo[connection];
  m.sessionHi[message] = s.connection.sessionHi[connection];
  const first = s.connection.firstMessage[connection];
  m.nextOfConnection[message] = first;
  if (first !== 0) m.previousOfConnection[first] = message;
  s.connection.firstMessage[connection] = message;
  post(s, MessageSource, MessagePending, 1);
}

/** Takes a message out of its connection's list. */
export function leaveConnection(s: State, message: number): void {
  const m = s.message;
  const connection = m.connection[message];
  if (connection === 0) return;
  const next = m.nextOfConnection[message];
  const previous = m.previousOfConnection[message];
  if (next !== 0) m.previousOfConnection[next] = previous;
  if (previous !== 0) m.nextOfConnection[previous] = next;
  else s.connection.firstMessage[connection] = next;
  m.connection[message] = 0;
  m.nextOfConnection[message] = 0;
  m.previousOfConnection[message] = 0;
}

/**
 * Ends what a message row moves: called whenever the call of its thread ends, however it does.
 *
 * @param account where a message in flight goes in the books
 */
export function settleMessage(s: State, message: number, account: number): void {
  const m = s.message;
  const state = m.state[message];
  if (state === Idle) return;
  m.state[message] = Idle;
  m.reason[message] = 0;
  if (state === Receiving) return;
  assert(m.carried[message] === 0, "a message that ends carries nothing");
  leaveConnection(s, message);
  m.receipt[message] = 0;
  m.asked[message] = 0;
  m.askedReason[message] = 0;
  post(s, MessagePending, account, 1);
}

/**
 * Notes that a message was received by a process.
 *
 * @returns the receipt: a positive whole number below 2^53 that no other message of the process
 * ever has
 */
export function giveReceipt(s: State, message: number, process: number): number {
  const number = ++s.process.receipts[process];
  assert(number < 2 ** 40, "receipt numbers of a process are not used up in its life");
  s.message.state[message] = Received;
  s.message.receipt[message] = number;
  return number * ROWS + message;
}

/**
 * The message a receipt of a process stands for, while its sender waits for the reply.
 *
 * @returns the message, or 0
 */
export function findReceipt(s: State, process: number, receipt: number): number {
  if (!(receipt > 0 && receipt < 2 ** 53)) return 0;
  // Exact below 2^53; a remainder of doubles would take as long as the rest of a call.
  const number = Math.floor(receipt / ROWS);
  const message = receipt - number * ROWS;
  if (number === 0 || message === 0 || message >= s.message.$capacity) return 0;
  if (s.message.receipt[message] !== number) return 0;
  // Whoever ended the wait for the reply first has ended the message with it.
  const waiter = s.thread.waiter[s.message.thread[message]];
  if (s.waiter.kind[waiter] !== MessageReply) return 0;
  const channel = s.waiter.object[waiter];
  return s.channel.process[channel] === process && s.channel.dying[channel] === 0 ? message : 0;
}

/** The receipt a message was given. */
export function receiptOf(s: State, message: number): number {
  return s.message.receipt[message] * ROWS + message;
}
