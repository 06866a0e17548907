import assert from "node:assert/strict";
import { WaitKind } from "../../core/sched/tables.ts";
import { DISTURBANCES } from "./disturb.ts";
import {
  BY_THREAD,
  CAUSES,
  endedByThread,
  type Ending,
  ENDINGS,
  MESSAGE_CASES,
  TIMED_CASES,
  type Waited,
  waitedAt,
} from "./endings.ts";
import { everyOrder, type Found, oneOrder } from "./explore.ts";
import type { Scenario } from "./scene_state.ts";
import type { Site } from "./site.ts";
import { SITES } from "./sites.ts";

/** What the blocked thread has logged, over all outcomes, sorted. */
function logsOf(found: Found): string[] {
  const logs = [...found.outcomes.keys()].map((outcome) =>
    outcome.split(" | ").find((text) => text.startsWith("A:"))?.replace(/^A: ?/, "") ?? ""
  );
  return [...new Set(logs)].sort();
}

/** Follows one order, ends the boot there, and closes the books. */
function closes(scenario: Scenario): void {
  const { scene } = oneOrder(scenario, (choices) => choices[0]);
  assert.equal(scene.close(), "", scenario.name);
}

const NUMBERS: Readonly<Partial<Record<Ending, readonly number[]>>> = {
  "ESRCH": [-3],
  "ESRCH/EBADF": [-3, -9],
  "EBADF": [-9],
  "ETIMEDOUT": [-110],
  "returns": [5],
};

Deno.test("endings: every wait has every cause, and each wait a site or an order", () => {
  const kinds = Object.keys(WaitKind).filter((kind) => kind !== "None");
  assert.deepEqual(Object.keys(ENDINGS).sort(), [...kinds, "FutexOwned"].sort());
  for (const [waited, causes] of Object.entries(ENDINGS)) {
    assert.deepEqual(Object.keys(causes), [...CAUSES], waited);
    for (const cause of CAUSES.slice(5, 9)) assert.equal(causes[cause], "dies", waited);
  }
  // Those who are killed, and those who are handed a signal, are tried at every site.
  assert.ok(DISTURBANCES.includes("SIGKILL") && DISTURBANCES.includes("a handled signal"));
});

Deno.test("endings: a handled signal does at every site what the table says", () => {
  for (const site of SITES) {
    const says = ENDINGS[waitedAt(site)]["handled signal"];
    const does = site.rule === "deaf" ? "returns" : "EINTR";
    assert.equal(says, does, site.name);
  }
});

Deno.test("endings: every cell about messages has an order of its own", () => {
  const tried = new Set(MESSAGE_CASES.map(({ waited, cause }) => `${waited} ${cause}`));
  for (const waited of ["MessageSend", "MessageReply", "MessageReceive"] as const) {
    for (const cause of [...CAUSES.slice(0, 5), "timeout"] as const) {
      const may = ENDINGS[waited][cause] !== "-";
      assert.equal(tried.has(`${waited} ${cause}`), may, `${waited}: ${cause}`);
    }
  }
});

for (const harts of [1, 4]) {
  Deno.test(`endings: messages, every cause, every order, harts: ${harts}`, () => {
    for (const { waited, cause, scenario } of MESSAGE_CASES) {
      const found = everyOrder(scenario(harts));
      const name = scenario(harts).name;
      assert.ok([...found.sites].some((site) => site.endsWith(`:${waited}`)), `${name}: no wait`);
      const ending = ENDINGS[waited][cause];
      const verb = waited === "MessageReceive" ? "receive" : "send";
      const wanted = ending === "waits"
        ? ["blocked"]
        : (NUMBERS[ending] ?? []).map((number) => `${verb}=${number}`);
      const logs = logsOf(found);
      assert.ok(logs.length > 0 && logs.every((log) => wanted.includes(log)), `${name}: ${logs}`);
      if (harts > 1) assert.deepEqual(logs, [...wanted].sort(), name);
      closes(scenario(harts));
    }
  });
}

/** How a log tells of a time limit: Linux's number, or the native one. */
const TIMED_OUT = /=-(?:110|12)$/;

Deno.test("endings: every wait with a deadline of its own ends by it", () => {
  const tried = TIMED_CASES.map(({ waited }) => waited);
  const may = Object.entries(ENDINGS).filter(([waited, causes]) =>
    causes.timeout !== "-" && !waited.startsWith("Message")
  );
  assert.deepEqual([...tried].sort(), may.map(([waited]) => waited).sort());
  for (const { waited, logs, scenario } of TIMED_CASES) {
    for (const harts of [1, 2]) {
      const found = everyOrder(scenario(harts));
      const kind = waited === "FutexOwned" ? "Futex" : waited;
      assert.ok([...found.sites].some((site) => site.endsWith(`:${kind}`)), `${waited}: no wait`);
      assert.deepEqual(logsOf(found), [...logs], `${waited}, harts: ${harts}`);
      const ending = logs.every((log) => TIMED_OUT.test(log)) ? "ETIMEDOUT" : "returns";
      assert.equal(ENDINGS[waited].timeout, ending, `${waited}: ${logs}`);
    }
    closes(scenario(1));
  }
});

/** The first site of each wait. */
function sitesOfKinds(): Site[] {
  const chosen = new Map<Waited, Site>();
  for (const site of SITES) {
    const waited = waitedAt(site);
    if (!chosen.has(waited)) chosen.set(waited, site);
  }
  assert.deepEqual([...chosen.keys()].sort(), Object.keys(ENDINGS).sort());
  return [...chosen.values()];
}

for (const cause of Object.keys(BY_THREAD) as (keyof typeof BY_THREAD)[]) {
  Deno.test(`endings: ${cause}, every kind of wait, every order`, () => {
    const end = BY_THREAD[cause];
    for (const site of sitesOfKinds()) {
      const scenario = endedByThread(site, cause, site.harts ?? 3);
      const found = everyOrder(scenario);
      assert.ok(found.sites.has(site.blocks), `${scenario.name}: nobody has blocked there`);
      const logs = logsOf(found);
      if (site.alone !== undefined) {
        // Who has ended the others goes on; who ends after it has told them to takes the process along.
        const last = cause === "own thread destroyed" ? ["killed=9"] : [];
        assert.deepEqual(logs, [end, ...last, site.alone].sort(), scenario.name);
        closes(scenario);
        continue;
      }
      const allowed = [end, ...site.woken.map((log) => `${log} ${end}`)];
      assert.ok(logs.includes(end), `${scenario.name}: ${logs}`);
      for (const log of logs) assert.ok(allowed.includes(log), `${scenario.name}: ${log}`);
      closes(scenario);
    }
  });
}
