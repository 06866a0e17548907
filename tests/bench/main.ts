/**
 * `deno task bench [--quick] [--json] [--write DATE]`: measures and prints one report.
 * `deno task bench --kernel` measures the passes over a kernel's state instead.
 *
 * `--quick` does everything once and small, `--write` keeps the report in RESULTS.md, beside this
 * file, under the date given.
 */
import { measureBoot } from "./boot.ts";
import { measureCompute } from "./compute.ts";
import { hostFacts } from "./host_facts.ts";
import { benchKernel } from "./kernel.ts";
import { measurePaths } from "./paths.ts";
import { qemuVersion } from "./qemu.ts";
import { type Report, reportMarkdown, reportText } from "./tables.ts";
import type { Setting } from "./setting.ts";

const USAGE = "deno task bench [--quick] [--json] [--write DATE], or --kernel alone";
const RESULTS = new URL("./RESULTS.md", import.meta.url);

interface Choices {
  readonly quick: boolean;
  readonly json: boolean;
  /** Date of the results to keep; undefined to keep none. */
  readonly date: string | undefined;
}

/** The choices, or one line that says what is wrong with them. */
function choose(words: readonly string[]): Choices | string {
  const choices = { quick: false, json: false, date: undefined as string | undefined };
  for (let i = 0; i < words.length; i++) {
    if (words[i] === "--quick") choices.quick = true;
    else if (words[i] === "--json") choices.json = true;
    else if (words[i] === "--write") {
      const date = words[++i];
      if (date === undefined || !/^\d{4}-\d\d-\d\d$/.test(date)) {
        return `--write needs the date, as 2026-01-31: ${USAGE}`;
      }
      choices.date = date;
    } else return `unknown option ${words[i]}: ${USAGE}`;
  }
  if (choices.quick && choices.date !== undefined) return "the figures of --quick mean nothing";
  return choices;
}

/** Says what is being measured on one line of a terminal; elsewhere says nothing. */
function teller(): (what: string) => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  const encoder = new TextEncoder();
  return (what) => void Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${what}`));
}

async function measure(setting: Setting): Promise<Report> {
  return {
    host: hostFacts(),
    qemu: setting.qemu,
    compute: await measureCompute(setting),
    paths: await measurePaths(setting),
    boot: await measureBoot(setting),
  };
}

async function main(): Promise<number> {
  if (Deno.args.length === 1 && Deno.args[0] === "--kernel") {
    console.log(benchKernel());
    return 0;
  }
  const choices = choose(Deno.args);
  if (typeof choices === "string") {
    console.error(`bench: ${choices}`);
    return 1;
  }
  const { quick, json, date } = choices;
  const folder = await Deno.makeTempDir({ prefix: "daybook-bench-" });
  const tell = teller();
  try {
    const journal = `${folder}/bench.daybook`;
    const report = await measure({ quick, journal, qemu: await qemuVersion(), tell });
    tell("");
    console.log(json ? JSON.stringify(report) : reportText(report));
    if (date !== undefined) await Deno.writeTextFile(RESULTS, reportMarkdown(report, date));
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.exit(await main());
