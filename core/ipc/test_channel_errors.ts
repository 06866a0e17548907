/** How each call about channels, connections and names comes to each of its errors. */
import assert from "node:assert/strict";
import { Right } from "../cap/tables.ts";
import { HEAP } from "../ledger/test_world.ts";
import { TOO_LONG } from "../proc/testing.ts";
import { HIGHEST_RATE, LARGEST_BURST } from "./limit.ts";
import { ChannelFlag, SERVICE_NAME_BYTES } from "./tables.ts";
import {
  type ErrorCase,
  exhaust,
  NOWHERE,
  own,
  UNTOUCHED,
  whileFull,
  withoutMemory,
} from "./test_error_case.ts";
import { E, type MessageBench, Nr } from "./testing.ts";

const NAME = "/dev/a";

/** The server's channel gets the name. */
const named = (b: MessageBench): number => b.done(0, Nr.nameAttach, NAME, b.chid);

export const CHANNEL_ERRORS: readonly ErrorCase[] = [
  {
    call: "channel_create",
    error: "EAGAIN",
    when: "the process, or the system, has as many channels as it may",
    provoke: (b) => exhaust(() => b.done(0, Nr.channelCreate, 0)),
  },
  {
    call: "channel_create",
    error: "EINVAL",
    when: "a flag is unknown",
    provoke: (b) => b.done(0, Nr.channelCreate, 256),
  },
  {
    call: "channel_create",
    error: "EBUSY",
    when: "the process has a channel for that kind of news already",
    flags: ChannelFlag.ConnectionDeath,
    provoke: (b) => b.done(0, Nr.channelCreate, ChannelFlag.ConnectionDeath),
  },
  {
    call: "channel_destroy",
    error: "EINVAL",
    when: "the process has no such channel",
    provoke: (b) => b.done(0, Nr.channelDestroy, b.chid + 1),
  },
  {
    call: "connect_attach",
    error: "ESRCH",
    when: "there is no such process, or it has no such channel",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.attach, 99, b.chid), E.ESRCH);
      return b.done(1, Nr.attach, 1, b.chid + 4096);
    },
  },
  {
    call: "connect_attach",
    error: "EINVAL",
    when: "no process or no channel has such a number",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.attach, 1, 0), E.EINVAL);
      assert.equal(b.done(1, Nr.attach, 1, 2 ** 31), E.EINVAL);
      return b.done(1, Nr.attach, 0xffff_ffff, b.chid);
    },
  },
  {
    call: "connect_attach",
    error: "EAGAIN",
    when: "the process, or the system, has as many connections as it may",
    provoke: (b) => exhaust(() => b.done(1, Nr.attach, 1, b.chid)),
  },
  {
    call: "connect_detach",
    error: "EINVAL",
    when: "the process has no such connection",
    provoke: (b) => b.done(1, Nr.detach, b.coid + 1),
  },
  {
    call: "timer_timeout",
    error: "EINVAL",
    when: "it is no set of states",
    provoke: (b) => b.done(1, Nr.timeout, 1, 1000),
  },
  {
    call: "timer_timeout",
    error: "EAGAIN",
    when: "there is no row for the message that is to be limited",
    provoke: (b) => whileFull(b.s.message, () => b.done(1, Nr.timeout, 2, 1000)),
  },
  {
    call: "channel_create_async",
    error: "EINVAL",
    when: "a flag is unknown, or the ring would be empty or too large",
    provoke: (b) => b.done(0, Nr.createAsync, 0, 0),
  },
  {
    call: "channel_create_async",
    error: "EAGAIN",
    when: "as channel_create, or there is no room for the ring",
    provoke: (b) => exhaust(() => b.done(0, Nr.createAsync, 0, 256)),
  },
  {
    call: "channel_bind",
    error: "ESRCH",
    when: "the process has no such channel",
    provoke: (b) => b.done(0, Nr.bind, b.chid + 1, 0, 1),
  },
  {
    call: "channel_bind",
    error: "EINVAL",
    when: "the bits are none, or the token is not a notification's",
    provoke: (b) => {
      const token = b.done(0, Nr.notificationCreate);
      assert.equal(b.done(0, Nr.bind, b.chid, token, 0), E.EINVAL);
      assert.equal(b.done(0, Nr.bind, b.chid, token, 2 ** 31), E.EINVAL);
      return b.done(0, Nr.bind, b.chid, b.chid, 1);
    },
  },
  {
    call: "channel_bind",
    error: "EBADF",
    when: "the process has no such token",
    provoke: (b) => b.done(0, Nr.bind, b.chid, b.chid + 1, 1),
  },
  {
    call: "channel_bind",
    error: "ESTALE",
    when: "the token was given back",
    provoke: (b) => {
      const token = b.done(0, Nr.notificationCreate);
      assert.equal(b.done(0, Nr.deleteToken, token), 0);
      return b.done(0, Nr.bind, b.chid, token, 1);
    },
  },
  {
    call: "channel_bind",
    error: "EPERM",
    when: "the token may not signal",
    provoke: (b) => {
      const token = b.done(0, Nr.notificationCreate);
      return b.done(0, Nr.bind, b.chid, b.done(0, Nr.derive, token, Right.Receive), 1);
    },
  },
  {
    call: "name_attach",
    error: "ESRCH",
    when: "the process has no such channel",
    provoke: (b) => b.done(0, Nr.nameAttach, "a", b.chid + 1),
  },
  {
    call: "name_attach",
    error: "EINVAL",
    when: "the name is empty",
    provoke: (b) => b.done(0, Nr.nameAttach, "", b.chid),
  },
  {
    call: "name_attach",
    error: "ENAMETOOLONG",
    when: "the name is longer than 128 bytes",
    provoke: (b) => {
      assert.equal(b.done(0, Nr.nameAttach, TOO_LONG, b.chid), E.ENAMETOOLONG);
      return b.done(0, Nr.nameAttach, "n".repeat(SERVICE_NAME_BYTES + 1), b.chid);
    },
  },
  {
    call: "name_attach",
    error: "EFAULT",
    when: "the name cannot be read",
    provoke: (b) => b.done(0, Nr.nameAttach, null, b.chid),
  },
  {
    call: "name_attach",
    error: "EEXIST",
    when: "a channel has that name, be it the same",
    provoke: (b) => {
      assert.equal(named(b), 0);
      assert.equal(b.done(0, Nr.nameAttach, NAME, b.chid), E.EEXIST);
      return b.done(1, Nr.nameAttach, NAME, own(b));
    },
  },
  {
    call: "name_attach",
    error: "ENOMEM",
    when: "the process, or the system, has as many names as it may, or too many of one hash",
    provoke: (b) => {
      let nth = 0;
      return exhaust(() => b.done(0, Nr.nameAttach, `name ${nth++}`, b.chid));
    },
  },
  {
    call: "name_open",
    error: "ENOENT",
    when: "no channel has that name, or the one that had it is gone",
    provoke: (b) => {
      assert.equal(b.done(1, Nr.nameOpen, NAME), E.ENOENT);
      assert.equal(named(b), 0);
      assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
      return b.done(1, Nr.nameOpen, NAME);
    },
  },
  {
    call: "name_open",
    error: "EINVAL",
    when: "the name is empty",
    provoke: (b) => b.done(1, Nr.nameOpen, ""),
  },
  {
    call: "name_open",
    error: "ENAMETOOLONG",
    when: "the name is longer than 128 bytes",
    provoke: (b) => b.done(1, Nr.nameOpen, "n".repeat(SERVICE_NAME_BYTES + 1)),
  },
  {
    call: "name_open",
    error: "EFAULT",
    when: "the name cannot be read",
    provoke: (b) => b.done(1, Nr.nameOpen, null),
  },
  {
    call: "name_open",
    error: "ESRCH",
    when: "the channel is there, but the capability it was made with is gone or being revoked",
    provoke: (b) => {
      assert.equal(named(b), 0);
      assert.ok(b.done(0, Nr.derive, b.chid, 0xff) > 0);
      assert.equal(b.done(0, Nr.deleteToken, b.chid), 0);
      return b.done(1, Nr.nameOpen, NAME);
    },
  },
  {
    call: "name_open",
    error: "EAGAIN",
    when: "as connect_attach",
    provoke: (b) => {
      assert.equal(named(b), 0);
      return exhaust(() => b.done(1, Nr.nameOpen, NAME));
    },
  },
  {
    call: "name_detach",
    error: "ENOENT",
    when: "no channel has that name",
    provoke: (b) => b.done(0, Nr.nameDetach, NAME),
  },
  {
    call: "name_detach",
    error: "EPERM",
    when: "the channel that has the name is another process's",
    provoke: (b) => {
      assert.equal(named(b), 0);
      return b.done(1, Nr.nameDetach, NAME);
    },
  },
  {
    call: "name_detach",
    error: "EINVAL",
    when: "the name is empty",
    provoke: (b) => b.done(0, Nr.nameDetach, ""),
  },
  {
    call: "name_detach",
    error: "ENAMETOOLONG",
    when: "the name is longer than 128 bytes",
    provoke: (b) => b.done(0, Nr.nameDetach, "n".repeat(SERVICE_NAME_BYTES + 1)),
  },
  {
    call: "name_detach",
    error: "EFAULT",
    when: "the name cannot be read",
    provoke: (b) => b.done(0, Nr.nameDetach, null),
  },
  {
    call: "channel_limit",
    error: "ESRCH",
    when: "the process has no such channel; a connection is none",
    provoke: (b) => {
      assert.equal(b.done(0, Nr.limit, b.chid + 1, 1, 1), E.ESRCH);
      return b.done(1, Nr.limit, b.coid, 1, 1);
    },
  },
  {
    call: "channel_limit",
    error: "EINVAL",
    when: "the rate or the burst is too large, or nothing may come at a rate",
    provoke: (b) => {
      assert.equal(b.done(0, Nr.limit, b.chid, HIGHEST_RATE + 1, 1), E.EINVAL);
      assert.equal(b.done(0, Nr.limit, b.chid, 0, LARGEST_BURST + 1), E.EINVAL);
      return b.done(0, Nr.limit, b.chid, 1, 0);
    },
  },
  {
    call: "channel_counters",
    error: "ESRCH",
    when: "the process has no such channel",
    provoke: (b) => b.done(0, Nr.counters, b.chid + 1, HEAP),
  },
  {
    call: "channel_counters",
    error: "EFAULT",
    when: "the place for them cannot be written",
    provoke: (b) => b.done(0, Nr.counters, b.chid, NOWHERE),
  },
  {
    call: "channel_counters",
    error: "ENOMEM",
    when: "no frame is left for the place for them",
    provoke: (b) => withoutMemory(b, () => b.done(0, Nr.counters, b.chid, UNTOUCHED)),
  },
];
