/**
 * `deno task fuzz [--events N] [--seed S] [--from LIFE] [--lives N] [--only calls|events]
 * [--out FILE]`: lives of events made up from a seed, against the reducer alone. It ends with one
 * line of counts; what fails is printed with the line that runs it again and the fewest events that
 * show it, which FILE gets too. `--play FILE` runs such a file again.
 */
import { formatCoverage } from "./coverage_report.ts";
import { type CampaignOptions, failureFile, failureText, runCampaign } from "./campaign.ts";
import { readTapeLine } from "./event_tape.ts";
import type { Diet } from "./life.ts";
import { play } from "./shrink.ts";
import { makeStock } from "./starts.ts";

const KNOWN = ["--events", "--seed", "--from", "--lives", "--only", "--out", "--play"];

/** Options as given, by name; a string is what is wrong with them. */
function readOptions(words: readonly string[]): Map<string, string> | string {
  const given = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) {
    if (!KNOWN.includes(words[i])) {
      return `unknown option ${words[i]}; known are ${KNOWN.join(", ")}`;
    }
    if (words[i + 1] === undefined) return `${words[i]} needs a value`;
    given.set(words[i], words[i + 1]);
  }
  for (const name of ["--events", "--seed", "--from", "--lives"]) {
    const value = given.get(name);
    if (value !== undefined && !/^\d+$/.test(value)) {
      return `${name} needs a whole number: ${value}`;
    }
  }
  const only = given.get("--only") ?? "calls";
  return only === "calls" || only === "events" ? given : `--only is calls or events: ${only}`;
}

/** A path as the user meant it. */
function pathOf(path: string): string {
  return path.startsWith("/") ? path : `${Deno.env.get("INIT_CWD") ?? Deno.cwd()}/${path}`;
}

function playFile(path: string): number {
  const [head, ...lines] = Deno.readTextFileSync(path).trimEnd().split("\n");
  const { start: name } = JSON.parse(head);
  const stock = makeStock();
  const start = stock.starts.find((s) => s.name === name);
  if (start === undefined) {
    console.error(`fuzz: ${path}: there is no start "${name}"`);
    return 1;
  }
  const found = play(stock, start, lines.map(readTapeLine));
  console.log(
    found === undefined
      ? "nothing fails"
      : `event ${found.at}: ${found.failure.what}: ${found.failure.message}`,
  );
  return found === undefined ? 0 : 1;
}

function main(words: readonly string[]): number {
  const given = readOptions(words);
  if (typeof given === "string") {
    console.error(`fuzz: ${given}`);
    return 1;
  }
  const file = given.get("--play");
  if (file !== undefined) return playFile(pathOf(file));
  const number = (name: string, missing: number) => Number(given.get(name) ?? missing);
  const lives = number("--lives", Infinity);
  const events = number("--events", lives === Infinity ? 1_000_000 : Infinity);
  const encoder = new TextEncoder();
  const terminal = Deno.stderr.isTerminal();
  const begin = performance.now();
  let shown = begin;
  const options: CampaignOptions = {
    seed: number("--seed", 1),
    events,
    diet: (given.get("--only") ?? "both") as Diet,
    from: number("--from", 0),
    lives,
    progress: (sums) => {
      if (!terminal || performance.now() - shown < 200) return;
      shown = performance.now();
      const text = `\r${sums.events} events, ${sums.handled} handled, ${sums.lives} lives `;
      Deno.stderr.writeSync(encoder.encode(text));
    },
  };
  const { sums, coverage, failure } = runCampaign(makeStock(), options);
  if (terminal) Deno.stderr.writeSync(encoder.encode("\r\x1b[K"));
  const seconds = (performance.now() - begin) / 1000;
  console.log(formatCoverage(coverage));
  if (failure !== undefined) {
    console.log(failureText(failure));
    const out = given.get("--out");
    if (out !== undefined) Deno.writeTextFileSync(pathOf(out), failureFile(failure));
  }
  const rate = Math.round(sums.events / seconds);
  console.log(
    `seed ${options.seed}: ${sums.events} events in ${sums.lives} lives: ${sums.handled} handled, ` +
      `${sums.events - sums.handled} refused; ${sums.closing} more to close the books; ` +
      `${sums.folded} lives folded twice; ${seconds.toFixed(1)} s, ${rate} events/s; ` +
      (failure === undefined ? "0 failed" : `life ${failure.life} failed`),
  );
  return failure === undefined ? 0 : 1;
}

if (import.meta.main) Deno.exit(main(Deno.args));
