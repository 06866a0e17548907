/**
 * `deno task schedules`: longer searches than the tests', and single runs again.
 *
 *     --wild [--from N] [--count N]                random scripts under random orders
 *     --stage NAME [--from N] [--count N]          a stage of the boot under drawn schedules
 *     --scenario NAME [--schedule "g0 i1 …"]       one scenario: all orders, or one, step by step
 *
 * Without any of them: both searches, over every stage.
 */
import { UsageError } from "../../journal/commands/usage_error.ts";
import { wholeNumber } from "../../journal/commands/values.ts";
import { optionWords } from "../option_words.ts";
import { DISTURBANCES, disturbed } from "./disturb.ts";
import { everyOrder, oneOrder } from "./explore.ts";
import type { Scenario } from "./scene_state.ts";
import { CASES } from "./scenarios.ts";
import { runDrawn, STABLE, userVisible } from "./seeded.ts";
import { SITES } from "./sites.ts";
import { runWild, type Wild } from "./wild.ts";

/** Most seeds and runs that can be asked for. */
const MOST = 1_000_000_000;

function findScenario(name: string): Scenario {
  const known = [
    ...CASES,
    ...SITES.flatMap((site) =>
      DISTURBANCES.flatMap((what) => [1, site.harts ?? 3].map((h) => disturbed(site, what, h)))
    ),
  ];
  const found = known.find((scenario) => scenario.name === name);
  if (found === undefined) throw new UsageError(`no scenario ${name}`);
  return found;
}

function showScenario(name: string, schedule: string): void {
  const scenario = findScenario(name);
  if (schedule === "") {
    const { states, events, outcomes } = everyOrder(scenario);
    console.log(`${states} states, ${events} events`);
    for (const [outcome, path] of outcomes) console.log(`${outcome}    by ${path}`);
    return;
  }
  const steps = schedule.split(" ");
  const { scene } = oneOrder(scenario, (_, step) => {
    const choice = steps[step];
    if (choice !== undefined) console.log(choice);
    return choice;
  });
  console.log(scene.outcome());
}

/** Random scripts; the campaign's row. */
function searchWild(from: number, count: number): string {
  const wild: Wild = { runs: 0, events: 0, sites: new Set() };
  runWild(from, count, wild);
  const kinds = [...wild.sites].sort().join(", ");
  return `wild: seeds ${from} to ${from + count - 1}, ${wild.events} events, waits: ${kinds}`;
}

/** Drawn schedules of one stage; all must print the same. */
function searchStage(name: string, from: number, count: number): string {
  const stage = STABLE.find((candidate) => candidate.name === name);
  if (stage === undefined) {
    throw new UsageError(`no stage ${name}; there are ${STABLE.map((s) => s.name).join(", ")}`);
  }
  const first = userVisible(runDrawn(stage, 0));
  for (let number = from; number < from + count; number++) {
    const text = userVisible(runDrawn(stage, number));
    if (text === first) continue;
    throw new Error(
      `${name}: schedule ${number} prints\n${text}\nand schedule 0\n${first}\n` +
        `reproduce: deno task schedules --stage ${name} --from ${number} --count 1`,
    );
  }
  return `${name}: schedules ${from} to ${from + count - 1} print the same`;
}

function main(words: readonly string[]): void {
  const valued = ["--from", "--count", "--stage", "--scenario", "--schedule"];
  const { values, flags, rest } = optionWords(words, valued, ["--wild"]);
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is no option`);
  const from = wholeNumber("--from", values.get("--from") ?? "0", 0, MOST);
  const count = wholeNumber("--count", values.get("--count") ?? "0", 0, MOST);
  const scenario = values.get("--scenario");
  const stage = values.get("--stage");
  if (scenario !== undefined) return showScenario(scenario, values.get("--schedule") ?? "");
  if (stage !== undefined) return console.log(searchStage(stage, from, count || 50));
  console.log(searchWild(from, count || 20_000));
  if (flags.has("--wild")) return;
  for (const { name } of STABLE) console.log(searchStage(name, from, count || 50));
}

try {
  main(Deno.args);
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(`schedules: ${text}`);
  Deno.exit(error instanceof UsageError ? 2 : 1);
}
