/** What Debian's busybox takes for work on a large file, each run replayed. */
import { fresh } from "./fresh.ts";
import { inputText } from "./input_text.ts";
import { QEMU, runRival } from "./rival.ts";
import { requireSame } from "./same_file.ts";
import { Samples } from "./samples.ts";
import type { Setting } from "./setting.ts";

const AWK = "{ n[$1] += $2; w += NF } END { for (k in n) s += n[k]; print NR, w, s }";

const PROGRAMS: readonly (readonly string[])[] = [
  ["sha256sum", "input"],
  ["gzip", "-9", "-c", "input"],
  ["bzip2", "-c", "input"],
  ["awk", AWK, "input"],
  ["sort", "input"],
];

/** Names of the programs. */
export const REAL: readonly string[] = PROGRAMS.map(([name]) => name);

const INPUT_BYTES = 16 * 2 ** 20;
const QUICK_BYTES = 4096;
const TURNS = 3;

/** One program: medians, and ratios that are medians of the ratios of each turn. */
export interface RealRow {
  readonly program: string;
  /** Recording on. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly offSeconds: number;
  readonly replaySeconds: number;
  readonly qemuSeconds: number | undefined;
  readonly instructions: number;
  readonly events: number;
  readonly peakBytes: number;
  readonly overQemu: number | undefined;
  readonly cpuOverQemu: number | undefined;
  readonly onOverOff: number;
  readonly replayOverOn: number;
}

/** @throws when a program prints something else than under QEMU, or its replay is not equal */
export async function measureReal(setting: Setting, busybox: string): Promise<RealRow[]> {
  const programs = PROGRAMS.filter(([name]) => setting.wants("real", name));
  const root = `${setting.folder}/root`;
  await Deno.mkdir(root);
  await Deno.writeFile(`${root}/input`, inputText(setting.quick ? QUICK_BYTES : INPUT_BYTES));
  const samples = programs.map(() => new Samples<"on" | "off" | "replay" | "qemu">());
  const turns = setting.quick ? 1 : TURNS;
  const output = `${setting.folder}/out`, other = `${setting.folder}/other`;
  const journal = `${setting.folder}/real.daybook`;
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < programs.length; i++) {
      const name = programs[i][0];
      setting.tell(`${name}, ${turn + 1} of ${turns}`);
      const words = ["--root", ".", busybox, ...programs[i]];
      const run = { kind: "run", words, folder: root } as const;
      samples[i].add("on", await fresh(setting, { ...run, journal, output }));
      samples[i].add("replay", await fresh(setting, { kind: "replay", journal }));
      samples[i].add("off", await fresh(setting, { ...run, output: other }));
      requireSame(output, other, name, "without a journal");
      if (setting.qemu === undefined) continue;
      samples[i].add("qemu", await runRival([QEMU, busybox, ...programs[i]], other, root));
      requireSame(output, other, name, "under QEMU");
    }
  }
  return programs.map(([program], i): RealRow => ({
    program,
    seconds: samples[i].median("on", "seconds") ?? NaN,
    cpuSeconds: samples[i].median("on", "cpuSeconds") ?? NaN,
    offSeconds: samples[i].median("off", "seconds") ?? NaN,
    replaySeconds: samples[i].median("replay", "seconds") ?? NaN,
    qemuSeconds: samples[i].median("qemu", "seconds"),
    instructions: samples[i].median("on", "instructions") ?? NaN,
    events: samples[i].median("on", "events") ?? NaN,
    peakBytes: samples[i].most("on", "peakBytes"),
    overQemu: samples[i].ratio("on", "qemu", "seconds"),
    cpuOverQemu: samples[i].ratio("on", "qemu", "cpuSeconds"),
    onOverOff: samples[i].ratio("on", "off", "seconds") ?? NaN,
    replayOverOn: samples[i].ratio("replay", "on", "seconds") ?? NaN,
  }));
}
