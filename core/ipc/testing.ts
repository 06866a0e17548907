/** Messages between init on hart 0 and a child on hart 1, for tests: calls by name. */
import assert from "node:assert/strict";
import { Bench, type Given } from "../proc/testing.ts";
import { WaitKind } from "../sched/tables.ts";
import { MESSAGE_ERRNO, type MessageErrno, qnxErrors } from "../syscall/qnx_errors.ts";
import { qnxRows } from "../syscall/qnx_table.ts";

/** Numbers of the message calls. */
export const Nr = {
  channelCreate: 660,
  channelDestroy: 661,
  attach: 662,
  detach: 663,
  send: 664,
  sendBytes: 665,
  receive: 667,
  reply: 669,
  replyBytes: 670,
  error: 672,
  replyReceive: 673,
  pulse: 674,
  info: 675,
  timeout: 676,
  read: 677,
  sendCaps: 678,
  replyCaps: 679,
  sendPages: 690,
  identify: 600,
  derive: 601,
  move: 604,
  process: 608,
  memory: 620,
  createAsync: 680,
  post: 681,
  bind: 682,
  nameAttach: 683,
  nameOpen: 684,
  nameDetach: 685,
  limit: 686,
  counters: 687,
  revoke: 606,
  deleteToken: 605,
  notificationCreate: 610,
  notificationWait: 612,
  notificationPoll: 613,
} as const;

/** Error numbers, negated. */
export const E = {
  ESRCH: -3,
  EINTR: -4,
  E2BIG: -7,
  EBADF: -9,
  EAGAIN: -11,
  EFAULT: -14,
  EBUSY: -16,
  EINVAL: -22,
  EPERM: -1,
  ENOMEM: -12,
  ENOENT: -2,
  EEXIST: -17,
  ENOSPC: -28,
  ENAMETOOLONG: -36,
  EDQUOT: -122,
  EOPNOTSUPP: -95,
  ESTALE: -116,
  ETIMEDOUT: -110,
  ESRVRFAULT: -312,
} as const;

/** Errors each call is said to return. */
const ERRORS: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  qnxRows.map((row) => {
    const names = Object.keys(qnxErrors[row.name]) as MessageErrno[];
    return [row.number, new Set(names.map((name) => MESSAGE_ERRNO[name]))];
  }),
);

/** A server, init on hart 0, with a channel; a client on hart 1 with a connection to it. */
export class MessageBench extends Bench {
  readonly chid: number;
  readonly coid: number;
  readonly server: number;
  readonly client: number;

  constructor(flags = 0) {
    super();
    this.server = this.on(0);
    this.chid = this.done(0, Nr.channelCreate, flags);
    this.client = this.fork();
    this.coid = this.done(1, Nr.attach, 1, this.chid);
  }

  /** A call that returns: its value. */
  done(hart: number, number: number, ...args: Given[]): number {
    const value = this.call(hart, number, ...args);
    assert.ok(value !== undefined, `call ${number} returns`);
    const errors = value < 0 ? ERRORS.get(number) : undefined;
    assert.ok(errors?.has(-value) ?? true, `call ${number} is said to return ${value}`);
    return value;
  }

  /** A call that blocks. */
  blocks(hart: number, number: number, ...args: Given[]): void {
    assert.equal(this.call(hart, number, ...args), undefined, `call ${number} blocks`);
  }

  /** Name of what a thread waits for, or "". */
  waits(thread: number): string {
    const kind = this.s.waiter.kind[this.s.thread.waiter[thread]];
    return Object.entries(WaitKind).find(([, k]) => k === kind && k !== 0)?.[0] ?? "";
  }

  /** The client sends and is received: the receipt. */
  received(): number {
    this.blocks(1, Nr.send, this.coid, 8);
    const receipt = this.done(0, Nr.receive, this.chid, 0, 0, 0);
    assert.ok(receipt > 0);
    return receipt;
  }
}
