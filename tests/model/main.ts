/**
 * `deno task check [TEXT…]`: visits every state of small closed configurations of the kernel, and
 * holds its invariants in each. `options.ts` says what can be asked, and the exit status.
 */
import { keepScratchFile, scratchFile } from "../../drivers/host/scratch_file.ts";
import { DenoHost } from "../../drivers/host/host.ts";
import { Progress } from "../../journal/commands/progress.ts";
import { terminalProgress } from "../../journal/commands/progress_output.ts";
import { UsageError } from "../../journal/commands/usage_error.ts";
import { ScheduleError } from "../schedules/explore.ts";
import { CASES } from "../schedules/scenarios.ts";
import { Scene } from "../schedules/scene.ts";
import { searchBoth } from "./both.ts";
import type { Configuration } from "./configuration.ts";
import { CONFIGURATIONS } from "./configurations.ts";
import { LARGE } from "./configurations/large.ts";
import { writeJournalFile } from "./journal.ts";
import { type CheckOptions, HELP, parseCheckOptions } from "./options.ts";
import { campaignLine, draw, type Drawing } from "./pct.ts";
import { Properties } from "./properties.ts";
import { searchReduced } from "./reduced.ts";
import { judgeEnd, search, type SearchReport } from "./search.ts";

/** The scenarios of tests/schedules as configurations: every state of theirs is looked at too. */
const SCENARIOS: readonly Configuration[] = CASES.map((scenario) => ({
  ...scenario,
  about: "schedules",
  small: false,
}));

function chosen({ texts, small, large }: CheckOptions): Configuration[] {
  return (large ? LARGE : [...CONFIGURATIONS, ...SCENARIOS]).filter((c) =>
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

/** What a machine is told of a search. */
function record(name: string, report: SearchReport): Record<string, unknown> {
  const { states, transitions, depth, ends, emptied, outcomes, counterExample } = report;
  const { arenaBytes, stateBytes } = report;
  const found = { states, transitions, depth, ends, emptied, arenaBytes, stateBytes };
  return { name, ...found, outcomes: [...outcomes.keys()].sort(), counterExample };
}

/** Searches; what the reduced search finds wrong is looked for by the shortest way. */
function look(configuration: Configuration, asked: CheckOptions): SearchReport {
  const progress = new Progress(configuration.name, terminalProgress(new DenoHost()));
  const each = (_: unknown, states: number): void => progress.update(states, 0, "states");
  let report = asked.reduced
    ? searchReduced(configuration, { ...asked, each })
    : search(configuration, { ...asked, each });
  if (asked.reduced && report.counterExample !== undefined) {
    const shortest = search(configuration, { most: 20 * report.states + 1000, each });
    if (shortest.counterExample !== undefined) report = shortest;
  }
  progress.clear();
  return report;
}

/** Writes the journal of a counter-example; returns what to say of it. */
function tell(configuration: Configuration, report: SearchReport): string[] {
  const { counterExample } = report;
  if (counterExample === undefined) return [];
  const { path, what } = counterExample;
  const which = LARGE.includes(configuration) ? "--large " : "";
  const found = [
    `  broken: ${what}`,
    `  after ${path.length} transitions: ${path.join(" ")}`,
    `  again: deno task check ${which}"${configuration.name}" --order "${path.join(" ")}"`,
  ];
  // Nothing but as many spaces in its journal would use up so many ASIDs.
  if (configuration.asids !== undefined) return found;
  const name = "counter-example.daybook";
  const scratch = scratchFile(name);
  const events = writeJournalFile(configuration, path, scratch);
  return [
    ...found,
    `  journal of ${events} events: ${keepScratchFile(scratch, name)}`,
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

function drawn(drawing: Drawing, json: boolean): number {
  const progress = new Progress(`seeds of ${drawing.scripts}`, terminalProgress(new DenoHost()));
  try {
    const campaign = draw(drawing, (runs) => progress.update(runs, drawing.count, "runs"));
    progress.clear();
    const told = { ...drawing, ...campaign, sites: [...campaign.sites].sort() };
    console.log(json ? JSON.stringify(told) : campaignLine(drawing, campaign));
    return 0;
  } catch (error) {
    progress.clear();
    if (!(error instanceof ScheduleError)) throw error;
    console.error(`check: ${error.message}`);
    return 1;
  }
}

/** Searches each configuration in both ways; the exit status. */
function compared(configurations: readonly Configuration[], asked: CheckOptions): number {
  let differ = 0;
  for (const configuration of configurations) {
    const { all, reduced, different } = searchBoth(configuration, asked);
    if (different.length > 0) differ++;
    console.log(
      `${configuration.name}: ${all.states} states in full, ${reduced.states} reduced, ` +
        (different.length > 0 ? different.join("; ") : `the same ${all.endKeys.size} ends`),
    );
  }
  console.log(`${configurations.length - differ} come to the same, ${differ} do not`);
  return differ === 0 ? 0 : 1;
}

function check(asked: CheckOptions): number {
  if (asked.drawing !== undefined) return drawn(asked.drawing, asked.json);
  const configurations = chosen(asked);
  if (configurations.length === 0) {
    throw new UsageError(`no configuration is named ${asked.texts.join(" or ")}`);
  }
  if (asked.order !== undefined) {
    for (const text of follow(configurations[0], asked.order)) console.log(text);
    return 0;
  }
  if (asked.both) return compared(configurations, asked);
  let [states, transitions, broken, cut] = [0, 0, 0, 0];
  const begun = performance.now();
  const records: Record<string, unknown>[] = [];
  for (const configuration of configurations) {
    const from = performance.now();
    const report = look(configuration, asked);
    const told = asked.json ? [] : [line(configuration.name, report, performance.now() - from)];
    for (const text of [...told, ...tell(configuration, report)]) {
      if (asked.json) console.error(text);
      else console.log(text);
    }
    records.push(record(configuration.name, report));
    states += report.states;
    transitions += report.transitions;
    if (report.counterExample !== undefined) broken++;
    else if (!report.emptied) cut++;
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  const emptied = configurations.length - broken - cut;
  const summary =
    `${configurations.length} configurations, ${states} states, ${transitions} transitions, ` +
    `${seconds} s: ${emptied} frontiers emptied, ${broken + cut} not`;
  console.log(
    asked.json ? JSON.stringify({ configurations: records, states, transitions }) : summary,
  );
  return broken > 0 ? 1 : cut > 0 ? 3 : 0;
}

function main(words: readonly string[]): number {
  try {
    const asked = parseCheckOptions(words);
    if (!asked.help) return check(asked);
    console.log(HELP.trimEnd());
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`check: ${error.message}`);
    return 2;
  }
}

if (import.meta.main) Deno.exit(main(Deno.args));
