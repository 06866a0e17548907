/** Every error a message call is said to return, returned once; none that is not said. */
import assert from "node:assert/strict";
import { HEAP } from "../../ledger/test_world.ts";
import { words } from "../../proc/testing.ts";
import { CONNECTIONS, RING_LIMIT, SERVICE_NAMES } from "../../ipc/tables.ts";
import { MessageBench, Nr } from "../../ipc/testing.ts";
import { allocRow, freeRows, type TableBase } from "../../state/table.ts";
import { MESSAGE_ERRNO, type MessageErrno, qnxErrors } from "../../syscall/qnx_errors.ts";
import { type QnxCall, qnxRows } from "../../syscall/qnx_table.ts";

type Provoke = (b: MessageBench) => number | undefined;
type Errors = Readonly<Partial<Record<MessageErrno, Provoke>>>;

/**
 * Errors tested elsewhere: a signal in every wait by tests/schedules/sites_test.ts, memory that runs
 * out by tests/exhaustion, capabilities in messages by core/ipc/carry_test.ts.
 */
const ELSEWHERE: readonly MessageErrno[] = ["EINTR", "ENOMEM"];
const APART: readonly QnxCall[] = ["msg_send_caps", "msg_reply_caps"];

const number = (name: QnxCall): number => qnxRows.find((row) => row.name === name)?.number ?? 0;
/** Takes all rows of a table. */
function exhaust(table: TableBase): void {
  while (freeRows(table) > 0) allocRow(table);
}
const noMessages =
  (hart: number, name: QnxCall, ...args: (number | Uint8Array)[]): Provoke => (b) => {
    exhaust(b.s.message);
    return b.call(hart, number(name), ...args);
  };
const client = (name: QnxCall, ...args: (number | Uint8Array)[]): Provoke => (b) =>
  b.call(1, number(name), b.coid, ...args);
const server = (name: QnxCall, ...args: (number | Uint8Array)[]): Provoke => (b) =>
  b.call(0, number(name), b.chid, ...args);
/** As the client of a limit that was reached. */
const limited = (name: QnxCall, ...args: (number | Uint8Array)[]): Provoke => (b) => {
  b.done(0, Nr.limit, b.chid, 1, 1);
  b.done(1, Nr.pulse, b.coid, 5, 1, 1);
  return client(name, ...args)(b);
};
/** The server answers a message of the client's with what the arguments after the receipt say. */
const answers = (name: QnxCall, ...args: (number | Uint8Array)[]): Provoke => (b) =>
  b.call(0, number(name), b.received(), ...args);
/** The same to a client that takes a reply in memory, which goes meanwhile. */
const withoutMemory = (name: QnxCall, ...args: (number | Uint8Array)[]): Provoke => (b) => {
  b.blocks(1, Nr.sendBytes, b.coid, HEAP, 100, HEAP, 100);
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  const space = b.s.process.space[b.processOf(b.client)];
  const region = b.s.addressSpace.firstRegion[space];
  b.s.region.end[region] = b.s.region.start[region];
  return b.call(0, number(name), receipt, ...args);
};
/** What a client's call returns whose channel goes while it waits. */
const destroyed = (name: QnxCall, ...args: (number | Uint8Array)[]): Provoke => (b) => {
  b.blocks(1, number(name), b.coid, ...args);
  b.done(0, Nr.channelDestroy, b.chid);
  return b.results.get(b.client);
};
/** What a call of the client or of the server returns when its time limit comes. */
const late = (hart: number, name: QnxCall, ...args: (number | Uint8Array)[]): Provoke => (b) => {
  b.done(hart, Nr.timeout, 14, 1000);
  b.blocks(hart, number(name), hart === 1 ? b.coid : b.chid, ...args);
  b.timer(hart, 1_000_000_000);
  return b.results.get(hart === 1 ? b.client : b.server);
};
const bind = (token: number, bits = 1): Provoke => server("channel_bind", token, bits);

const part = (address: number, length: number) => words(address, length);
const many = words(HEAP, 2 ** 19);
const empty = part(HEAP, 0);
const name = (call: QnxCall, text: string | null, ...args: number[]): Provoke => (b) =>
  b.call(0, number(call), text, ...args);
const names = (call: QnxCall): Errors => ({
  EFAULT: name(call, null, 0),
  EINVAL: name(call, "", 0),
  ENAMETOOLONG: (b) => b.call(0, number(call), "n".repeat(129), b.chid),
});
const sends = (call: QnxCall, ...args: (number | Uint8Array)[]): Errors => ({
  EBADF: (b) => b.call(1, number(call), 9999, ...args),
  EDQUOT: limited(call, ...args),
  EAGAIN: (b) => {
    exhaust(b.s.message);
    return client(call, ...args)(b);
  },
  ESRCH: destroyed(call, ...args),
  ETIMEDOUT: late(1, call, ...args),
});

const PROVOKED: Readonly<Partial<Record<QnxCall, Errors>>> = {
  channel_create: {
    EINVAL: (b) => b.call(0, Nr.channelCreate, 256),
    EBUSY: (b) => {
      b.done(0, Nr.channelCreate, 4);
      return b.call(0, Nr.channelCreate, 4);
    },
    EAGAIN: (b) => {
      exhaust(b.s.channel);
      return b.call(0, Nr.channelCreate, 0);
    },
  },
  channel_destroy: { EINVAL: (b) => b.call(1, Nr.channelDestroy, b.chid) },
  connect_attach: {
    ESRCH: (b) => b.call(1, Nr.attach, 1, b.chid + 1),
    EAGAIN: (b) => {
      b.s.process.connections[b.processOf(b.client)] = CONNECTIONS;
      return b.call(1, Nr.attach, 1, b.chid);
    },
  },
  connect_detach: { EINVAL: (b) => b.call(0, Nr.detach, b.coid + 1) },
  msg_send: { ...sends("msg_send", 8), EINVAL: client("msg_send", 65) },
  msg_send_bytes: {
    ...sends("msg_send_bytes", 0, 0, 0, 0),
    EFAULT: client("msg_send_bytes", 8, 100, 0, 0),
    E2BIG: client("msg_send_bytes", 0, 2 ** 19, 0, 0),
  },
  msg_send_parts: {
    ...sends("msg_send_parts", empty, 1, empty, 1),
    EFAULT: client("msg_send_parts", part(8, 9), 1, empty, 1),
    E2BIG: client("msg_send_parts", many, 1, empty, 1),
  },
  msg_send_pages: {
    ...sends("msg_send_pages", HEAP, 0, 0, 0, 2),
    EFAULT: client("msg_send_pages", 4096, 4096, 0, 0, 2),
    E2BIG: client("msg_send_pages", HEAP, 2 ** 19, 0, 0, 2),
    EINVAL: client("msg_send_pages", HEAP + 1, 4096, 0, 0, 2),
  },
  msg_receive: {
    ESRCH: (b) => b.call(0, Nr.receive, 9999, 0, 0, 0),
    EAGAIN: noMessages(0, "msg_receive", 0, 0, 0, 0),
    ETIMEDOUT: late(0, "msg_receive", 0, 0, 0),
    EFAULT: (b) => {
      b.done(1, Nr.pulse, b.coid, 5, 1, 1);
      return server("msg_receive", HEAP, 3, 0)(b);
    },
  },
  msg_receive_parts: {
    ESRCH: (b) => b.call(0, number("msg_receive_parts"), 9999, empty, 1, 0),
    EAGAIN: noMessages(0, "msg_receive_parts", 0, empty, 1, 0),
    ETIMEDOUT: late(0, "msg_receive_parts", part(HEAP, 100), 1, 0),
    EFAULT: (b) => {
      b.done(1, Nr.pulse, b.coid, 5, 1, 1);
      return server("msg_receive_parts", part(HEAP, 3), 1, 0)(b);
    },
    E2BIG: server("msg_receive_parts", many, 1, 0),
  },
  msg_reply: { ESRCH: (b) => b.call(0, Nr.reply, 4097, 0), EINVAL: answers("msg_reply", 65) },
  msg_reply_bytes: {
    ESRCH: (b) => b.call(0, Nr.replyBytes, 4097, 0, 0, 0),
    E2BIG: answers("msg_reply_bytes", 0, HEAP, 9),
    EFAULT: (b) => {
      b.blocks(1, Nr.sendBytes, b.coid, 0, 0, HEAP, 100);
      return b.call(0, Nr.replyBytes, b.done(0, Nr.receive, b.chid, 0, 0, 0), 0, 8, 100);
    },
    ESRVRFAULT: withoutMemory("msg_reply_bytes", 0, HEAP, 100),
    EAGAIN: noMessages(0, "msg_reply_bytes", 4097, 0, 0, 0),
  },
  msg_reply_parts: {
    ESRCH: (b) => b.call(0, number("msg_reply_parts"), 4097, 0, empty, 1),
    E2BIG: answers("msg_reply_parts", 0, many, 1),
    EFAULT: (b) => {
      b.blocks(1, Nr.sendBytes, b.coid, 0, 0, HEAP, 100);
      const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
      return b.call(0, number("msg_reply_parts"), receipt, 0, part(8, 100), 1);
    },
    ESRVRFAULT: withoutMemory("msg_reply_parts", 0, part(HEAP, 100), 1),
    EAGAIN: noMessages(0, "msg_reply_parts", 4097, 0, empty, 1),
  },
  msg_error: { ESRCH: (b) => b.call(0, Nr.error, 4097, 0), EINVAL: answers("msg_error", 4096) },
  msg_reply_receive: {
    ESRCH: (b) => b.call(0, Nr.replyReceive, 4097, 0),
    EINVAL: answers("msg_reply_receive", 65),
    EAGAIN: noMessages(0, "msg_reply_receive", 4097, 0),
    ETIMEDOUT: (b) => {
      const receipt = b.received();
      b.done(0, Nr.timeout, 14, 1000);
      b.blocks(0, Nr.replyReceive, receipt, 0);
      b.timer(0, 1_000_000_000);
      return b.results.get(b.server);
    },
  },
  msg_send_pulse: {
    EBADF: (b) => b.call(1, Nr.pulse, 9999, 5, 1, 1),
    EDQUOT: limited("msg_send_pulse", 5, 2, 2),
    EINVAL: client("msg_send_pulse", 256, 1, 1),
    EAGAIN: (b) => {
      exhaust(b.s.pulse);
      return client("msg_send_pulse", 5, 1, 1)(b);
    },
  },
  msg_info: { ESRCH: (b) => b.call(0, Nr.info, 4097, HEAP), EFAULT: answers("msg_info", 8) },
  timer_timeout: {
    EINVAL: (b) => b.call(0, Nr.timeout, 1, 1),
    EAGAIN: noMessages(0, "timer_timeout", 0, 1),
  },
  msg_read: {
    ESRCH: (b) => b.call(0, Nr.read, 4097, 0, HEAP, 9),
    EFAULT: (b) => {
      b.blocks(1, Nr.sendBytes, b.coid, HEAP, 100, 0, 0);
      return b.call(0, Nr.read, b.done(0, Nr.receive, b.chid, 0, 0, 0), 0, 8, 9);
    },
    ESRVRFAULT: withoutMemory("msg_read", 0, HEAP, 9),
    EAGAIN: noMessages(0, "msg_read", 4097, 0, 0, 0),
  },
  channel_create_async: {
    EINVAL: (b) => b.call(0, Nr.createAsync, 0, RING_LIMIT + 1),
    EBUSY: (b) => {
      b.done(0, Nr.channelCreate, 16);
      return b.call(0, Nr.createAsync, 16, 1);
    },
    EAGAIN: (b) => {
      for (let i = 0; i < 4; i++) b.done(0, Nr.createAsync, 0, RING_LIMIT);
      return b.call(0, Nr.createAsync, 0, 1);
    },
  },
  msg_post: {
    EBADF: (b) => b.call(1, Nr.post, 9999, 8),
    EDQUOT: limited("msg_post", 8),
    EINVAL: client("msg_post", 33),
    EOPNOTSUPP: client("msg_post", 8),
    EAGAIN: (b) => {
      const coid = b.done(1, Nr.attach, 1, b.done(0, Nr.createAsync, 0, 1));
      b.done(1, Nr.post, coid, 8);
      return b.call(1, Nr.post, coid, 8);
    },
  },
  channel_bind: {
    ESRCH: (b) => b.call(0, Nr.bind, 9999, 0, 0),
    EBADF: bind(9999),
    ESTALE: (b) => {
      const token = b.done(0, Nr.notificationCreate);
      b.done(0, Nr.deleteToken, token);
      return bind(token)(b);
    },
    EPERM: (b) => bind(b.done(0, Nr.derive, b.done(0, Nr.notificationCreate), 32))(b),
    EINVAL: (b) => bind(b.chid)(b),
  },
  name_attach: {
    ...names("name_attach"),
    EINVAL: (b) => b.call(0, Nr.nameAttach, "", b.chid),
    ESRCH: name("name_attach", "a", 9999),
    EEXIST: (b) => {
      b.done(0, Nr.nameAttach, "a", b.chid);
      return b.call(0, Nr.nameAttach, "a", b.chid);
    },
    ENOMEM: (b) => {
      b.s.process.serviceNames[b.world.init] = SERVICE_NAMES;
      return b.call(0, Nr.nameAttach, "a", b.chid);
    },
  },
  name_open: {
    ...names("name_open"),
    ENOENT: name("name_open", "a"),
    ESRCH: (b) => {
      b.done(0, Nr.nameAttach, "a", b.chid);
      const channel = b.s.process.firstChannel[b.world.init];
      b.s.channel.nodeGeneration[channel]++;
      return b.call(1, Nr.nameOpen, "a");
    },
    EAGAIN: (b) => {
      b.done(0, Nr.nameAttach, "a", b.chid);
      exhaust(b.s.connection);
      return b.call(1, Nr.nameOpen, "a");
    },
  },
  name_detach: {
    ...names("name_detach"),
    ENOENT: name("name_detach", "a"),
    EPERM: (b) => {
      b.done(0, Nr.nameAttach, "a", b.chid);
      return b.call(1, Nr.nameDetach, "a");
    },
  },
  channel_limit: {
    ESRCH: (b) => b.call(1, Nr.limit, b.chid, 1, 1),
    EINVAL: server("channel_limit", 1, 0),
  },
  channel_counters: {
    ESRCH: (b) => b.call(0, Nr.counters, 9999, HEAP),
    EFAULT: server("channel_counters", 8),
  },
};

Deno.test("errors: every error of a message call is returned, and is the one that is said", () => {
  for (const row of qnxRows) {
    if (APART.includes(row.name)) continue;
    const provoked = PROVOKED[row.name] ?? {};
    const said = Object.keys(qnxErrors[row.name]) as MessageErrno[];
    const tried = Object.keys(provoked) as MessageErrno[];
    const left = said.filter((errno) => !tried.includes(errno) && !ELSEWHERE.includes(errno));
    assert.deepEqual(left, [], `errors of ${row.name} that nothing provokes`);
    for (const errno of tried) {
      assert.ok(said.includes(errno), `${row.name} is said to return ${errno}`);
      const result = provoked[errno]?.(new MessageBench());
      assert.equal(result, -MESSAGE_ERRNO[errno], `${row.name}: ${errno}`);
    }
  }
});
