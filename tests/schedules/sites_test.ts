import assert from "node:assert/strict";
import { WaitKind } from "../../core/sched/tables.ts";
import { syscallRows } from "../../core/syscall/rows.ts";
import { walk } from "../walk.ts";
import { DISTURBANCES, disturbed, expected } from "./disturb.ts";
import { everyOrder, type Found } from "./explore.ts";
import { CASES } from "./scenarios.ts";
import { SITES } from "./sites.ts";

const core = new URL("../../core/", import.meta.url).pathname;

/** What the blocker has logged, over all outcomes, sorted. */
function logsOf(found: Found): string[] {
  const logs = [...found.outcomes.keys()].map((outcome) =>
    outcome.split(" | ")[0].replace(/^A: ?/, "")
  );
  return [...new Set(logs)].sort();
}

for (const what of DISTURBANCES) {
  Deno.test(`every blocking site, every order, a hart each: ${what}`, () => {
    for (const site of SITES) {
      const found = everyOrder(disturbed(site, what, site.harts ?? 3));
      assert.ok(found.sites.has(site.blocks), `${site.name}: nobody has blocked there`);
      assert.deepEqual(logsOf(found), expected(site, what), site.name);
    }
  });

  Deno.test(`every blocking site, every order, one hart: ${what}`, () => {
    for (const site of SITES.filter((candidate) => candidate.harts === undefined)) {
      const found = everyOrder(disturbed(site, what, 1));
      assert.ok(found.sites.has(site.blocks), `${site.name}: nobody has blocked there`);
      const allowed = expected(site, what);
      for (const log of logsOf(found)) assert.ok(allowed.includes(log), `${site.name}: ${log}`);
    }
  });
}

Deno.test("every kind of wait has a site", () => {
  const covered = new Set(SITES.map((site) => site.blocks.split(":")[1]));
  for (const kind of Object.keys(WaitKind)) if (kind !== "None") assert.ok(covered.has(kind), kind);
});

/** Calls that block only where a process has several threads: they have orders of their own. */
const BY_THREADS: Readonly<Record<string, string>> = {
  exit: "a thread that ends clears its id in a page others have a copy of",
};

/** Calls whose wait a signal alone ends: they have orders of their own. */
const BY_SIGNAL: Readonly<Record<string, string>> = {
  rt_sigsuspend: "sigsuspend and the signal it waits for",
};

/** Calls that a row says may block, but that never wait by themselves. */
const NO_WAIT: Readonly<Record<string, string>> = {
  ioctl: "a background process is stopped, not blocked",
  sched_setaffinity: "its thread moves; nothing is waited for",
  brk: "the shootdown and the operation slot of munmap",
  say: "a write to the console",
};

Deno.test("every call that blocks has a site", () => {
  const covered = new Set(SITES.map((site) => site.blocks.split(":")[0]));
  for (const { name, blocking } of syscallRows) {
    const ofOwn = name in BY_SIGNAL || name in BY_THREADS;
    const blocks = covered.has(name) || name in NO_WAIT || ofOwn;
    assert.equal(blocks, blocking !== "never", name);
  }
  const names = new Set(CASES.map((scenario) => scenario.name));
  for (const name of Object.values(BY_SIGNAL)) assert.ok(names.has(name), name);
  for (const name of Object.values(BY_THREADS)) assert.ok(names.has(name), name);
});

/** Where the source makes a thread wait, as `file function`, and the sites that go through it. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  "cap/notification.ts waitForBits": ["wait for a notification, until a time"],
  "cap/revoke.ts awaitShootdowns": [],
  "fs/open.ts openFifo": ["open of a fifo to read", "open of a fifo to write"],
  "fs/operation_slot.ts mustQueue": ["call on a file that another works on"],
  "fs/pipe.ts block": ["read of an empty pipe", "write to a full pipe"],
  "fs/poll.ts linkPoll": ["ppoll of a pipe to read", "ppoll of two pipes"],
  "fs/stream.ts readStream": ["read of a host stream"],
  "fs/terminal.ts readTerminal": ["read of a terminal"],
  "ipc/handover.ts awaitSent": [],
  "ipc/receive.ts wait": ["msg_receive of a channel", "msg_reply_receive of a channel"],
  "ipc/send.ts queueMessage": ["msg_send in MessageSend"],
  "ipc/transfer.ts moveMessage": ["msg_send in MessageReply", "msg_send_parts in MessageReply"],
  "mem/chunk.ts requestChunk": ["read of a file that is not here yet"],
  "mem/fault.ts copyOnWrite": ["store to a shared page another hart may hold"],
  "mem/fault.ts waitForOthers": [],
  "mem/shootdown.ts beginsAfterShootdown": ["a thread writes while another forks"],
  "mem/shootdown.ts waitForOlder": [],
  "mem/shootdown.ts waitForShootdown": ["munmap of what another hart may hold"],
  "mem/space.ts mayChange": ["munmap in a space that another thread forks"],
  "mem/unmap.ts finishChange": ["mmap over what another hart may hold"],
  "personality/linux/clock.ts sleepUntil": ["nanosleep", "clock_nanosleep to a time"],
  "personality/linux/poll.ts linkAll": ["ppoll of nothing"],
  "personality/linux/select.ts linkSets": ["pselect6 of nothing"],
  "personality/linux/signal.ts rtSigsuspend": Object.values(BY_SIGNAL),
  "personality/linux/signal.ts rtSigtimedwait": ["rt_sigtimedwait, the signal comes"],
  "personality/native/thread.ts threadJoin": ["thread_join of a thread that ends"],
  "personality/toy/calls.ts rest": ["rest of the toy personality"],
  "sched/futex.ts moveWaiters": ["futex, requeued and then woken"],
  "sched/futex.ts waitAtFutex": [
    "futex, the word changes and a wake-up follows",
    "futex with an owner that gives it up",
  ],
  "proc/exec.ts execute": [
    "execve with another thread",
    "execve by a thread that is not the first",
  ],
  "proc/fork.ts finishClone": ["vfork"],
  "proc/fork.ts stepFork": ["fork of a space another hart may hold"],
  "proc/wait_child.ts waitForChild": ["wait4 for a child"],
};

/** Places that take more than a scene has room for, and where they are tested. */
const ELSEWHERE: Readonly<Record<string, { file: string; test: string }>> = {
  "mem/fault.ts waitForOthers": {
    file: "mem/shootdown_test.ts",
    test: "copy-on-write that finds the table of shootdowns full waits for one, and then copies",
  },
  "mem/shootdown.ts waitForOlder": {
    file: "mem/shootdown_orders_test.ts",
    test: "a change waits for every shootdown of its space, whoever sent it",
  },
  "ipc/handover.ts awaitSent": {
    file: "ipc/handover_test.ts",
    test: "handover: the receiver goes on when no hart can reach the sender's pages",
  },
  "cap/revoke.ts awaitShootdowns": {
    file: "personality/native/native_test.ts",
    test: "revoke: mapped memory of another process goes, with its tokens; ancestors stay",
  },
};

Deno.test("every place in the source that makes a thread wait is known", async () => {
  const found = new Set<string>();
  for (const file of await walk(core)) {
    if (!file.endsWith(".ts") || /_test\.ts$|\/test|^test|sched\/wait\.ts$/.test(file)) continue;
    let inside = "";
    for (const line of Deno.readTextFileSync(core + file).split("\n")) {
      inside = /^(?:export )?function (\w+)/.exec(line)?.[1] ?? inside;
      if (!/\b(waitOn|linkWaiter|waitForShootdown)\(s,/.test(line)) continue;
      found.add(`${file} ${inside}`);
    }
  }
  assert.deepEqual([...found].sort(), Object.keys(SOURCES).sort());
  const names = new Set([...SITES, ...CASES].map((site) => site.name));
  for (const [place, sites] of Object.entries(SOURCES)) {
    for (const name of sites) assert.ok(names.has(name), name);
    assert.equal(sites.length === 0, place in ELSEWHERE, `${place}: no site goes through it`);
  }
  for (const { file, test } of Object.values(ELSEWHERE)) {
    assert.ok(Deno.readTextFileSync(core + file).includes(`Deno.test("${test}"`), test);
  }
});
