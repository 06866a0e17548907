import assert from "node:assert/strict";
import { makeRecount } from "../ledger/recount.ts";
import { makeWorld } from "../ledger/test_world.ts";
import { UNITS } from "../limits.ts";
import { Call } from "../proc/testing.ts";
import { freeRows } from "../state/table.ts";
import { createChannel, destroyChannel } from "./channel.ts";
import { claimName, findService, rebuildServiceHash } from "./service_name.ts";
import { SERVICE_BUCKETS, SERVICE_NAME_BYTES, SERVICE_NAMES } from "./tables.ts";
import { hashName } from "../fs/name.ts";
import { drainEnds, hasDyingEnds, releaseEnds } from "./teardown.ts";
import { E, MessageBench, Nr } from "./testing.ts";

const encoder = new TextEncoder();

Deno.test("name: who knows it connects; it is another's error to claim it or to take it away", () => {
  const b = new MessageBench();
  assert.equal(b.done(1, Nr.nameOpen, "/dev/a"), E.ENOENT, "nobody has it yet");
  assert.equal(b.done(0, Nr.nameAttach, "/dev/a", b.chid), 0);
  const coid = b.done(1, Nr.nameOpen, "/dev/a");
  assert.ok(coid > 0, `a connection, not ${coid}`);
  b.blocks(1, Nr.send, coid, 8);
  const receipt = b.done(0, Nr.receive, b.chid, 0, 0, 0);
  assert.equal(b.done(0, Nr.reply, receipt, 0), 0);
  const other = b.done(1, Nr.channelCreate, 0);
  assert.equal(b.done(1, Nr.nameAttach, "/dev/a", other), E.EEXIST);
  assert.equal(b.done(1, Nr.nameDetach, "/dev/a"), E.EPERM, "it is not the caller's");
  assert.equal(b.done(1, Nr.nameDetach, "/dev"), E.ENOENT);
  assert.equal(b.done(0, Nr.nameDetach, "/dev/a"), 0);
  assert.equal(b.done(1, Nr.nameOpen, "/dev/a"), E.ENOENT, "taken away");
  assert.equal(b.done(1, Nr.nameAttach, "/dev/a", other), 0, "free for another");
  b.blocks(1, Nr.send, coid, 8);
  b.check();
});

Deno.test("name: what is none is refused", () => {
  const b = new MessageBench();
  assert.equal(b.done(0, Nr.nameAttach, "", b.chid), E.EINVAL);
  assert.equal(b.done(0, Nr.nameAttach, null, b.chid), E.EFAULT);
  assert.equal(
    b.done(0, Nr.nameAttach, "n".repeat(SERVICE_NAME_BYTES + 1), b.chid),
    E.ENAMETOOLONG,
  );
  assert.equal(b.done(0, Nr.nameAttach, "n".repeat(SERVICE_NAME_BYTES), b.chid), 0);
  assert.equal(b.done(0, Nr.nameAttach, "m", 9999), E.ESRCH);
  assert.equal(b.done(1, Nr.nameOpen, ""), E.EINVAL);
  assert.equal(b.done(1, Nr.nameOpen, "n".repeat(SERVICE_NAME_BYTES - 1)), E.ENOENT);
  assert.ok(b.done(1, Nr.nameOpen, "n".repeat(SERVICE_NAME_BYTES)) > 0);
  b.check();
});

Deno.test("name: revoking what the channel receives by ends connections opened by name, and opening", () => {
  const b = new MessageBench();
  assert.equal(b.done(0, Nr.nameAttach, "a", b.chid), 0);
  const coid = b.done(1, Nr.nameOpen, "a");
  assert.equal(b.done(0, Nr.revoke, b.chid), 0);
  assert.equal(b.done(1, Nr.send, coid, 8), E.EBADF, "revoked");
  assert.ok(b.done(1, Nr.nameOpen, "a") > 0, "the channel is there, so it may be opened again");
  assert.equal(b.done(0, Nr.deleteToken, b.chid), 0);
  assert.equal(b.done(1, Nr.nameOpen, "a"), E.ENOENT, "with the last capability the channel went");
  b.check();
});

Deno.test("name: it goes with its channel and its process, at once", () => {
  const b = new MessageBench();
  const own = b.done(1, Nr.channelCreate, 0);
  assert.equal(b.done(1, Nr.nameAttach, "a", own), 0);
  assert.equal(b.done(1, Nr.nameAttach, "b", own), 0);
  const rows = freeRows(b.s.serviceName);
  destroyChannel(b.s, b.s.process.firstChannel[b.processOf(b.client)]);
  const letter = encoder.encode("a");
  const another = b.s.process.firstChannel[b.world.init];
  assert.equal(claimName(b.s, another, letter, 0, 1), 0, "free before its row is");
  assert.equal(b.done(1, Nr.channelDestroy, own), E.EINVAL, "it is gone already");
  b.check();
  assert.equal(freeRows(b.s.serviceName), rows + 1);
  const more = b.done(1, Nr.channelCreate, 0);
  assert.equal(b.done(1, Nr.nameAttach, "c", more), 0);
  b.enter(1, Call.exit, 0);
  b.pump();
  assert.equal(b.done(0, Nr.nameOpen, "c"), E.ENOENT);
  b.check();
});

Deno.test("name: a process may have so many, and has them back with its channels", () => {
  const b = new MessageBench();
  for (let n = 0; n < SERVICE_NAMES; n++) {
    assert.equal(b.done(0, Nr.nameAttach, `name ${n}`, b.chid), 0);
  }
  assert.equal(b.done(0, Nr.nameAttach, "more", b.chid), E.ENOMEM, "its quota");
  const own = b.done(1, Nr.channelCreate, 0);
  assert.equal(b.done(1, Nr.nameAttach, "more", own), 0);
  assert.equal(b.done(0, Nr.channelDestroy, b.chid), 0);
  b.check();
  const again = b.done(0, Nr.channelCreate, 0);
  assert.equal(b.done(0, Nr.nameAttach, "name 0", again), 0);
  b.check();
});

Deno.test("name: no chain is longer than an event's units, and the hash can be built again", () => {
  const w = makeWorld({ serviceName: UNITS + 20 });
  const { s, fx } = w;
  const recount = makeRecount(s);
  createChannel(s, w.init, 0);
  const channel = s.process.firstChannel[w.init];
  const inOneBucket: Uint8Array[] = [];
  for (let n = 0; inOneBucket.length <= UNITS; n++) {
    const name = encoder.encode(`${n}`);
    const hash = hashName(name, 0, name.length) >>> 0;
    if (hash % SERVICE_BUCKETS === 7) inOneBucket.push(name);
  }
  let claimed = 0;
  for (const name of inOneBucket) {
    // The quota is not what is looked at here.
    s.process.serviceNames[w.init] = 0;
    const result = claimName(s, channel, name, 0, name.length);
    assert.equal(result, claimed < UNITS ? 0 : -9, `name ${claimed}`);
    if (result === 0) claimed++;
  }
  s.process.serviceNames[w.init] = claimed;
  rebuildServiceHash(s);
  for (const name of inOneBucket.slice(0, claimed)) {
    assert.ok(findService(s, name, 0, name.length) > 0, "found by the hash built again");
  }
  // As many as a process may have, so that its channel can go.
  const w2 = makeWorld({ serviceName: 2 });
  createChannel(w2.s, w2.init, 0);
  const only = w2.s.process.firstChannel[w2.init];
  const bytes = encoder.encode("abc");
  assert.equal(claimName(w2.s, only, bytes, 0, 1), 0);
  assert.equal(claimName(w2.s, only, bytes, 0, 2), 0);
  assert.equal(claimName(w2.s, only, bytes, 0, 3), -9, "the table is full");
  do {
    w2.fx.clear();
    releaseEnds(w2.s, w2.fx, w2.init);
    drainEnds(w2.s, w2.fx, 0);
  } while (hasDyingEnds(w2.s));
  assert.equal(freeRows(w2.s.serviceName), 2);
  assert.ok(fx.woken <= UNITS);
  assert.deepEqual(recount().map((f) => f.text), []);
});
