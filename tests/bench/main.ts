/**
 * `deno task bench [--quick] [--json] [--only NAME] [--write DATE]`: measures and prints one report.
 * `deno task bench --kernel` measures the passes over a kernel's state instead.
 *
 * `--quick` does everything once and small, `--only` one section or one row of one, `--write` keeps
 * the report in RESULTS.md, beside this file, under the date given.
 */
import { choose } from "./choices.ts";
import { benchKernel } from "./kernel.ts";
import { isWanted, measure } from "./measure.ts";
import { qemuVersion } from "./rival.ts";
import { reportMarkdown, reportText } from "./tables.ts";

const RESULTS = new URL("./RESULTS.md", import.meta.url);

/** Writes the report as the formatter wants it: how wide its tables are is known only now. */
async function keep(markdown: string): Promise<void> {
  await Deno.writeTextFile(RESULTS, markdown);
  const args = ["fmt", "--quiet", RESULTS.pathname];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
  if (!success) throw new Error(`cannot format ${RESULTS.pathname}: run deno fmt`);
}

/** Says what is being measured on one line of a terminal; elsewhere says nothing. */
function teller(): (what: string) => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  const encoder = new TextEncoder();
  return (what) => void Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${what}`));
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
  const { quick, json, date, only } = choices;
  const folder = await Deno.makeTempDir({ prefix: "daybook-bench-" });
  const tell = teller();
  const wants = (section: string, row?: string): boolean => isWanted(only, section, row);
  try {
    const report = await measure({ quick, folder, qemu: await qemuVersion(), wants, tell });
    tell("");
    console.log(json ? JSON.stringify(report) : reportText(report));
    if (date !== undefined) await keep(reportMarkdown(report, date));
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.exit(await main());
