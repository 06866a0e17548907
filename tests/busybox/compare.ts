/**
 * Runs command lines under the reference and under Daybook, and names every difference.
 *
 * As a program, `deno run -A tests/busybox/compare.ts [NAME…]` does so for the named lines, or all.
 */
import { fetchBusybox } from "./fetch.ts";
import { type Line, lines, type Outcome } from "./lines.ts";
import { findQemu, makeReference, type Reference } from "./reference.ts";
import { text } from "../child.ts";
import { auditJournal, foldJournal } from "../../mod.ts";
import { daybook } from "../daybook.ts";

/** What the comparison of lines needs. Call `dispose` when done. */
export interface Bench {
  readonly busybox: string;
  readonly reference: Reference;
  /** Where journals are written; those of lines that differ stay there. */
  readonly folder: string;
  dispose(): Promise<void>;
}

/**
 * Fetches busybox and prepares the reference.
 *
 * @throws an Error with one clear line when busybox or qemu cannot be had
 */
export async function makeBench(): Promise<Bench> {
  const qemu = await findQemu();
  if (qemu === null) throw new Error("qemu-riscv64 is not installed");
  const busybox = await fetchBusybox();
  const reference = await makeReference(qemu, busybox);
  const folder = await Deno.makeTempDir({ prefix: "daybook-lines-" });
  return {
    busybox,
    reference,
    folder,
    dispose: async () => {
      await reference.dispose();
      // Journals of failed lines are evidence: a folder that holds some stays.
      await Deno.remove(folder).catch(() => undefined);
    },
  };
}

/**
 * Runs one line under both, replays the journal both ways and audits it.
 *
 * @returns one paragraph per difference; empty when there is none
 */
export async function compareLine(bench: Bench, line: Line): Promise<string[]> {
  const journal = `${bench.folder}/${line.name}.daybook`;
  const stdin = line.stdin ?? "";
  const [wanted, got] = await Promise.all([
    line.expect === undefined ? bench.reference.run(line) : literal(line.expect),
    daybook("run", ["--journal", journal, bench.busybox, ...line.argv], { stdin }),
  ]);
  const found = differences(wanted, got);
  const replayed = await accepts("replay", ["--quiet", journal]);
  // Neither of these needs a machine, and a process of its own would take longer than they do.
  const checks = [
    replayed,
    accepted("fold", () => foldJournal(journal)),
    accepted("audit", () => auditJournal(journal)),
  ];
  found.push(...checks.filter((problem) => problem !== null));
  if (found.length === 0) await Deno.remove(journal);
  else found.push(`line: ${JSON.stringify(line.argv)}\njournal kept: ${journal}`);
  return found;
}

/** Each stream or status in which two outcomes differ, as text. */
export function differences(wanted: Outcome, got: Outcome): string[] {
  const found: string[] = [];
  if (wanted.status !== got.status) {
    found.push(`status: wanted ${wanted.status}, got ${got.status}`);
  }
  for (const stream of ["stdout", "stderr"] as const) {
    if (!sameBytes(wanted[stream], got[stream])) {
      found.push(`${stream}: wanted\n${excerpt(wanted[stream])}\ngot\n${excerpt(got[stream])}`);
    }
  }
  return found;
}

const encoder = new TextEncoder();

const literal = (expect: NonNullable<Line["expect"]>): Promise<Outcome> =>
  Promise.resolve({
    stdout: encoder.encode(expect.stdout),
    stderr: encoder.encode(expect.stderr),
    status: expect.status,
  });

async function accepts(command: "replay", args: string[]): Promise<string | null> {
  const result = await daybook(command, args);
  if (result.status === 0) return null;
  return `${command} ${args.join(" ")}: status ${result.status}\n` +
    `${excerpt(result.stdout)}${excerpt(result.stderr)}`;
}

/** What a fold or an audit in this process finds wrong, or null. */
export function accepted(
  what: string,
  judge: () => {
    readonly status: number;
    readonly line: string;
    readonly details: readonly string[];
  },
): string | null {
  try {
    const { status, line, details } = judge();
    return status === 0 ? null : `${what}: status ${status}, ${[line, ...details].join("\n")}`;
  } catch (error) {
    return `${what}: ${error instanceof Error ? error.message : error}`;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function excerpt(bytes: Uint8Array): string {
  const shown = text(bytes.subarray(0, 1000));
  return bytes.length > 1000 ? `${shown}… (${bytes.length} bytes)` : shown;
}

if (import.meta.main) {
  const names = new Set(Deno.args);
  const chosen = lines.filter((line) => names.size === 0 || names.has(line.name));
  const bench = await makeBench();
  let failed = 0;
  for (const line of chosen) {
    const found = await compareLine(bench, line);
    if (found.length > 0) failed += 1;
    console.log(found.length === 0 ? `ok   ${line.name}` : `FAIL ${line.name}`);
    for (const paragraph of found) console.log(paragraph.replaceAll(/^/gm, "     "));
  }
  await bench.dispose();
  console.log(`${chosen.length - failed} equal, ${failed} different`);
  Deno.exit(failed === 0 ? 0 : 1);
}
