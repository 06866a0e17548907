/**
 * `deno task check [TEXT…]`: visits every state of the configurations whose names hold one of the
 * texts, all without texts, and holds the kernel's invariants in each.
 *
 *     --small               only those that `deno task test` visits too
 *     --times exact         times told apart by what is left of them, not by their order
 *     --plain               rows keep their own numbers
 *     --pure                a second kernel reduces every event too
 *     --most N              ends a search after N states
 *     --reduced             events that may change places are followed in one order
 *     --draw D [--from N] [--count N]   instead: drawn orders of random scripts; D as in pct.ts
 *     --order "g0 i1 …"     follows one order of one configuration, and says what happens
 *
 * The exit status is 0 when every frontier was emptied and no state broke a rule. The shortest order
 * that breaks one is written as a journal: `deno task replay --fold FILE`, `deno task dump FILE`.
 */
import { keepScratchFile, scratchFile } from "../../drivers/host/scratch_file.ts";
import { CASES } from "../schedules/scenarios.ts";
import { Scene } from "../schedules/scene.ts";
import type { Configuration } from "./configuration.ts";
import { CONFIGURATIONS } from "./configurations.ts";
import { writeJournalFile } from "./journal.ts";
import { campaignLine, draw, type Drawing } from "./pct.ts";
import { Properties } from "./properties.ts";
import { searchReduced } from "./reduced.ts";
import { judgeEnd, search, type SearchOptions, type SearchReport } from "./search.ts";

/** What was asked for. */
interface Asked extends SearchOptions {
  readonly texts: readonly string[];
  readonly small: boolean;
  readonly order: string | undefined;
  readonly reduced: boolean;
  readonly drawing: Drawing | undefined;
}

function parse(words: readonly string[]): Asked | string {
  const texts: string[] = [];
  let [small, plain, pure, reduced] = [false, false, false, false];
  let [depth, from, count] = [-1, 0, 100];
  let times: "exact" | "order" = "order";
  let most = Infinity;
  let order: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === "--small") small = true;
    else if (word === "--plain") plain = true;
    else if (word === "--pure") pure = true;
    else if (word === "--reduced") reduced = true;
    else if (word === "--draw") depth = Number(words[++i]);
    else if (word === "--from") from = Number(words[++i]);
    else if (word === "--count") count = Number(words[++i]);
    else if (word === "--times") {
      const how = words[++i];
      if (how !== "exact" && how !== "order") return "--times takes exact or order";
      times = how;
    } else if (word === "--most") {
      most = Number(words[++i]);
      if (!(most >= 1)) return "--most takes a number from 1";
    } else if (word === "--order") order = words[++i] ?? "";
    else if (word.startsWith("-")) return `unknown option ${word}`;
    else texts.push(word);
  }
  const drawing = depth >= 0 ? { depth, from, count } : undefined;
  if (![depth, from, count].every(Number.isInteger)) return "a number is none";
  return { texts, small, plain, pure, times, most, order, reduced, drawing };
}

/** The scenarios of tests/schedules as configurations: every state of theirs is looked at too. */
const SCENARIOS: readonly Configuration[] = CASES.map((scenario) => ({
  ...scenario,
  about: "schedules",
  small: false,
}));

function chosen({ texts, small }: Asked): Configuration[] {
  return [...CONFIGURATIONS, ...SCENARIOS].filter((c) =>
    (!small || c.small) && (texts.length === 0 || texts.some((text) => c.name.includes(text)))
  );
}

function line(name: string, report: SearchReport, ms: number): string {
  const { states, transitions, depth, ends, emptied, outcomes } = report;
  return `${name}: ${states} states, ${transitions} transitions, depth ${depth}, ${ends} ends, ` +
    `${outcomes.size} outcomes, frontier ${emptied ? "emptied" : "not emptied"}, ` +
    `arena ${(report.arenaBytes / 1024).toFixed(0)} KiB in use, ` +
    `${report.stateBytes} bytes a state, ${(ms / 1000).toFixed(1)} s`;
}

/** Writes the journal of a counter-example; returns what to say of it. */
function tell(configuration: Configuration, report: SearchReport): string[] {
  const { counterExample } = report;
  if (counterExample === undefined) return [];
  const { path, what } = counterExample;
  const name = "counter-example.daybook";
  const scratch = scratchFile(name);
  const events = writeJournalFile(configuration, path, scratch);
  return [
    `  broken: ${what}`,
    `  after ${path.length} transitions: ${path.join(" ")}`,
    `  journal of ${events} events: ${keepScratchFile(scratch, name)}`,
    `  again: deno task check "${configuration.name}" --order "${path.join(" ")}"`,
  ];
}

/** Follows one order; what each step was, and what it broke. */
function follow(configuration: Configuration, order: string): string[] {
  const scene = new Scene(configuration, { eventNs: 0 });
  scene.setUp();
  scene.settle();
  const properties = new Properties(scene);
  const lines: string[] = [];
  for (const choice of order.split(" ").filter((word) => word !== "")) {
    const choices = scene.choices();
    if (!choices.includes(choice)) return [...lines, `${choice} cannot happen, but ${choices}`];
    const before = scene.events;
    scene.take(choice);
    scene.settle();
    const breach = scene.fault !== "" ? scene.fault : properties.check(scene.events > before, true);
    lines.push(`${choice}: ${scene.last}${breach === "" ? "" : `: ${breach}`}`);
    if (breach !== "") return lines;
  }
  if (scene.choices().length > 0) return [...lines, `next: ${scene.choices().join(" ")}`];
  const outcome = scene.outcome();
  return [...lines, outcome, judgeEnd(configuration, scene)];
}

function main(): number {
  const asked = parse(Deno.args);
  if (typeof asked === "string") {
    console.error(`check: ${asked}`);
    return 2;
  }
  if (asked.drawing !== undefined) {
    console.log(campaignLine(asked.drawing, draw(asked.drawing)));
    return 0;
  }
  const configurations = chosen(asked);
  if (configurations.length === 0) {
    console.error(`check: no configuration is named ${asked.texts.join(" or ")}`);
    return 2;
  }
  if (asked.order !== undefined) {
    for (const text of follow(configurations[0], asked.order)) console.log(text);
    return 0;
  }
  let [states, transitions, failed] = [0, 0, 0];
  const begun = performance.now();
  for (const configuration of configurations) {
    const from = performance.now();
    const report = asked.reduced
      ? searchReduced(configuration, asked)
      : search(configuration, asked);
    console.log(line(configuration.name, report, performance.now() - from));
    for (const text of tell(configuration, report)) console.log(text);
    states += report.states;
    transitions += report.transitions;
    if (!report.emptied) failed++;
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(
    `${configurations.length} configurations, ${states} states, ${transitions} transitions, ` +
      `${seconds} s: ${configurations.length - failed} frontiers emptied, ${failed} not`,
  );
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(main());
