import assert from "node:assert/strict";
import { ThreadState } from "../../core/sched/tables.ts";
import { configurationOf } from "../../journal/commands/boot_configuration.ts";
import { kernelLayout, makeFoldKernel } from "../../journal/commands/kernel_setup.ts";
import { MemorySource } from "../../journal/read/byte_source.ts";
import { JournalReader } from "../../journal/read/reader.ts";
import { fold } from "../../journal/replay/fold.ts";
import { MemorySink } from "../../journal/write/byte_sink.ts";
import { groups } from "../invariants/watch.ts";
import { Canonical } from "./canonical.ts";
import { MODEL_FRAMES, Scene } from "../schedules/scene.ts";
import { CONFIGURATIONS } from "./configurations.ts";
import { ASKED, NOT_ASKED } from "./properties.ts";
import { daybook } from "../daybook.ts";
import type { Configuration } from "./configuration.ts";
import { writeJournal, writeJournalFile } from "./journal.ts";
import { draw, SCRIPTS } from "./pct.ts";
import { search } from "./search.ts";
import { ArenaStore } from "./store.ts";
import { generator } from "../schedules/wild.ts";

const SMALL = CONFIGURATIONS.filter((c) => c.small);

/** The configuration whose name begins so. */
function named(text: string): Configuration {
  const found = CONFIGURATIONS.find(({ name }) => name.startsWith(text));
  assert.ok(found !== undefined, text);
  return found;
}

/** Where other ways to tell states apart are tried as well: a second each at most. */
const TINY = SMALL.filter(({ name }) =>
  /one pipe, 2 x|vfork child on|moves, 2 x|take turns|executes|two other harts|two clients of|loses its server|equals in|low priority is raised|child hands on|hears of what|posts, pulses|are moved/
    .test(name)
);

for (const configuration of SMALL) {
  Deno.test(`every state: ${configuration.name}`, () => {
    const { counterExample, states, emptied, ends } = search(configuration);
    const { what, path } = counterExample ?? { what: "", path: [] };
    assert.equal(what, "", `${what}, in state ${states}, by the shortest way: ${path.join(" ")}`);
    assert.ok(emptied && ends > 0);
  });
}

Deno.test("a state of any configuration takes at most 64 KiB of the arena", () => {
  for (const configuration of CONFIGURATIONS) {
    const scene = new Scene(configuration, { eventNs: 0 });
    scene.setUp();
    const store = new ArenaStore([scene.kernel]);
    const below = generator(1);
    for (let step = 0; step < 1000; step++) {
      const choices = scene.choices();
      if (choices.length === 0) break;
      scene.take(choices[below(choices.length)]);
      store.take();
    }
    assert.equal(scene.fault, "", configuration.name);
    assert.ok(store.inUse * 4 <= 64 * 1024, `${configuration.name}: ${4 * store.inUse} bytes`);
    assert.ok(store.inUse * 4 > 16 * 1024, "less than the terminals take");
  }
});

Deno.test("no two keys of a configuration have one hash", () => {
  const { states } = search(TINY[0]);
  assert.equal(search(TINY[0], { whole: true }).states, states);
});

for (const configuration of TINY) {
  Deno.test(`however states are told apart: ${configuration.name}`, () => {
    const [met, all] = [new Set<string>(), new Set<string>()];
    const collect = (keys: Set<string>) => {
      let canonical: Canonical | undefined;
      return (scene: Scene): void => {
        canonical ??= new Canonical(scene, { times: "order", plain: false, loose: true });
        keys.add(canonical.key());
      };
    };
    const renamed = search(configuration, { each: collect(met) });
    const exact = search(configuration, { times: "exact" });
    const plain = search(configuration, { plain: true, pure: true, each: collect(all) });
    // Had two states one key that go on differently, the search by keys would miss some.
    assert.equal(met.size, all.size);
    assert.deepEqual(met, all);
    assert.ok(plain.emptied && plain.states >= renamed.states);
    assert.ok(exact.emptied && exact.states >= renamed.states);
    const results = [...renamed.outcomes.keys()].sort();
    assert.deepEqual([...plain.outcomes.keys()].sort(), results);
    assert.deepEqual([...exact.outcomes.keys()].sort(), results);
  });
}

Deno.test("drawn orders of random scripts break no rule", () => {
  for (const scripts of Object.keys(SCRIPTS)) {
    const uniform = draw({ scripts, depth: 0, from: 50, count: 10 });
    const ranked = draw({ scripts, depth: 3, from: 50, count: 20 });
    assert.equal(uniform.runs + ranked.runs, 30);
    assert.ok(uniform.events + ranked.events > 2000);
    assert.ok(ranked.bound > 0 && ranked.bound < 1 && ranked.n > 3);
  }
});

Deno.test("random scripts that talk wait in every way they can", () => {
  const { sites } = draw({ scripts: "talk", depth: 0, from: 0, count: 20 });
  const kinds = new Set([...sites].map((site) => site.slice(site.indexOf(":") + 1)));
  for (const kind of ["MessageSend", "MessageReceive", "MessageReply", "Futex", "Notification"]) {
    assert.ok(kinds.has(kind), `nobody waited for ${kind}: ${[...kinds]}`);
  }
});

Deno.test("an order is a journal that folds to the state it led to", () => {
  const configuration = SMALL[0];
  const { outcomes } = search(configuration);
  const path = [...outcomes.values()][0];
  const sink = new MemorySink();
  const events = writeJournal(configuration, path, sink);
  const reader = new JournalReader(new MemorySource(sink.bytes()));
  const kernel = makeFoldKernel(kernelLayout(MODEL_FRAMES));
  const result = fold(reader, kernel);
  assert.equal(result.events, events);
  assert.ok(reader.header !== undefined && configurationOf(reader.header) !== undefined);
  assert.equal(reader.header.configuration.order, path.join(" "));
  // Both readers and both writers are done, and wait for nothing.
  const { thread } = kernel.reducer.state;
  assert.deepEqual([thread.state[1], thread.state[2]], [ThreadState.Running, ThreadState.Running]);
});

Deno.test("an order of messages is a journal that replay and dump open", async () => {
  const configuration = named("two clients of one server");
  const { outcomes } = search(configuration);
  const file = Deno.makeTempFileSync({ suffix: ".daybook" });
  try {
    const events = writeJournalFile(configuration, [...outcomes.values()][0], file);
    const [folded, dumped] = await Promise.all([
      daybook("replay", [file, "--fold", "--quiet"]),
      daybook("dump", [file]),
    ]);
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    // It ends in the middle of the boot: equal up to there.
    assert.equal(folded.status, 3, text(folded.stderr));
    assert.match(text(folded.stderr), new RegExp(`after event ${events - 1}\\b`));
    for (const call of ["msg_receive", "msg_send", "msg_reply"]) {
      assert.ok(text(dumped.stdout).includes(call), text(dumped.stderr));
    }
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("every group of invariants is asked in every state, or it is said who holds its rules", () => {
  const names = groups.map((group) => group.name).sort();
  assert.deepEqual([...ASKED, ...NOT_ASKED].sort(), names);
});
