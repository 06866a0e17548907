/** The built-in image: how large its journal is, how long it takes, how much memory. */
import { runChild, text } from "../child.ts";
import { commandLine, repository } from "../daybook.ts";
import { bootGuest } from "./guest.ts";
import { type JournalSize, measureJournal } from "./journal_size.ts";
import type { Setting } from "./setting.ts";
import { median } from "./statistics.ts";

/** Figures of the boot and of a whole process. */
export interface BootResult {
  readonly journal: JournalSize;
  /** From the machine's start to the closed journal. */
  readonly seconds: number;
  /** A whole `run` of a program that does nothing, as a command, host seconds. */
  readonly startSeconds: number;
  /** Largest resident set of a process that boots the image once, bytes. */
  readonly peakBytes: number;
}

/** Measures the boot. */
export async function measureBoot(setting: Setting): Promise<BootResult> {
  const { quick, journal, tell } = setting;
  const turns = quick ? 1 : 5;
  tell("boot");
  const boots = Array.from({ length: turns }, () => bootGuest(journal));
  const size = measureJournal(journal, boots[0].events);
  tell("start of a command");
  const starts: number[] = [];
  for (let turn = 0; turn < turns; turn++) starts.push(await startOnce(journal));
  tell("memory");
  return {
    journal: size,
    seconds: median(boots.map((boot) => boot.seconds)),
    startSeconds: median(starts),
    peakBytes: await peakOfBoot(journal),
  };
}

async function startOnce(journal: string): Promise<number> {
  const empty = `${repository}userland/bench/bin/nullcall`;
  const [program, ...args] = commandLine("run", ["--journal", journal, empty, "1"]);
  const start = performance.now();
  const { status, stderr } = await runChild(program, args, { cwd: repository });
  if (status !== 0) throw new Error(`run: status ${status}: ${text(stderr)}`);
  return (performance.now() - start) / 1000;
}

async function peakOfBoot(journal: string): Promise<number> {
  const probe = new URL("./peak_memory.ts", import.meta.url).pathname;
  const args = [
    "run",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
    probe,
    journal,
  ];
  const { status, stdout, stderr } = await runChild(Deno.execPath(), args, { cwd: repository });
  if (status !== 0) throw new Error(`the memory probe: status ${status}: ${text(stderr)}`);
  return Number(text(stdout));
}
