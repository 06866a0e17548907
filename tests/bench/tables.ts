/** The figures as tables. */
import type { BootResult } from "./boot.ts";
import type { ComputeRow } from "./compute.ts";
import type { Report } from "./measure.ts";
import { meanOf } from "./means.ts";
import type { MessageRow } from "./messages.ts";
import type { PathRow } from "./paths.ts";
import type { RealRow } from "./real_programs.ts";
import type { ReducerRow } from "./reducer.ts";
import { markdown, plain, type Table } from "./table.ts";
import { type Target, targets, verdict } from "./targets.ts";
import type { StartResult } from "./start_up.ts";

const digits = (value: number | undefined, after: number): string =>
  value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(after);
const mebibytes = (bytes: number): string => digits(bytes / 2 ** 20, 0);

/** A figure of a row: how it is called, where it comes from, how many decimals, whether it is a ratio. */
type Column<Row> = readonly [string, (row: Row) => number | undefined, number, "mean"?];

function rowsTable<Row extends { readonly program: string }>(
  rows: readonly Row[],
  figures: readonly Column<Row>[],
): Table {
  const mean = ([, figure, after, kind]: Column<Row>): string =>
    kind === "mean" ? digits(meanOf(rows, figure), after) : "";
  return {
    head: ["program", ...figures.map(([name]) => name)],
    rows: [
      ...rows.map((row) => [
        row.program,
        ...figures.map(([, figure, after]) => digits(figure(row), after)),
      ]),
      ["geometric mean", ...figures.map(mean)],
    ],
  };
}

const SECONDS: readonly Column<ComputeRow>[] = [
  ["Minstr", (row) => row.instructions / 1e6, 0],
  ["on s", (row) => row.seconds, 2],
  ["off s", (row) => row.offSeconds, 2],
  ["ir s", (row) => row.interpreterSeconds, 2],
  ["replay s", (row) => row.replaySeconds, 2],
  ["QEMU s", (row) => row.qemuSeconds, 2],
  ["native s", (row) => row.nativeSeconds, 2],
  ["on CPU s", (row) => row.cpuSeconds, 2],
  ["QEMU CPU s", (row) => row.qemuCpuSeconds, 2],
  ["MIPS", (row) => row.mips, 0, "mean"],
  ["MiB", (row) => row.peakBytes / 2 ** 20, 0],
];

const RATIOS: readonly Column<ComputeRow>[] = [
  ["on ÷ QEMU", (row) => row.overQemu, 2, "mean"],
  ["CPU: on ÷ QEMU", (row) => row.cpuOverQemu, 2, "mean"],
  ["ir ÷ QEMU", (row) => row.interpreterOverQemu, 2, "mean"],
  ["on ÷ native", (row) => row.overNative, 2, "mean"],
  ["on ÷ off", (row) => row.onOverOff, 3, "mean"],
  ["replay ÷ on", (row) => row.replayOverOn, 3, "mean"],
];

const REAL: readonly Column<RealRow>[] = [
  ["Minstr", (row) => row.instructions / 1e6, 0],
  ["events", (row) => row.events, 0],
  ["on s", (row) => row.seconds, 2],
  ["off s", (row) => row.offSeconds, 2],
  ["replay s", (row) => row.replaySeconds, 2],
  ["QEMU s", (row) => row.qemuSeconds, 2],
  ["on ÷ QEMU", (row) => row.overQemu, 2, "mean"],
  ["CPU: on ÷ QEMU", (row) => row.cpuOverQemu, 2, "mean"],
  ["on ÷ off", (row) => row.onOverOff, 3, "mean"],
  ["replay ÷ on", (row) => row.replayOverOn, 3, "mean"],
  ["MiB", (row) => row.peakBytes / 2 ** 20, 0],
];

function pathTable(rows: readonly PathRow[]): Table {
  return {
    head: ["operation", "µs", "CPU µs", "QEMU µs"],
    rows: rows.map((row) => [
      row.name,
      digits(row.microseconds, 2),
      digits(row.cpuMicroseconds, 2),
      digits(row.qemuMicroseconds, 2),
    ]),
  };
}

function messageTable(rows: readonly MessageRow[]): Table {
  return {
    head: ["message, by batches", "min µs", "median µs", "p99 µs", "one-way transfers/s"],
    rows: rows.map(({ name, least, median, p99, transfers }) => [
      name,
      digits(least, 2),
      digits(median, 2),
      digits(p99, 2),
      digits(transfers, 0),
    ]),
  };
}

function reducerTable(rows: readonly ReducerRow[]): Table {
  return {
    head: ["in the reducer alone", "ns"],
    rows: rows.map(({ name, nanoseconds }) => [name, digits(nanoseconds, 1)]),
  };
}

function bootTable({ journal, seconds, cpuSeconds, replaySeconds, peakBytes }: BootResult): Table {
  return {
    head: ["boot of the image on 8 harts", ""],
    rows: [
      ["events", String(journal.events)],
      ["journal, bytes", String(journal.bytes)],
      ["of them contents of files, bytes", String(journal.blobBytes)],
      ["the rest, bytes per event", digits(journal.bytesPerEvent, 1)],
      ["first input to closed journal, s", digits(seconds, 2)],
      ["of all processors, s", digits(cpuSeconds, 2)],
      ["re-executed, s", digits(replaySeconds, 2)],
      ["largest resident set, MiB", mebibytes(peakBytes)],
    ],
  };
}

function eventTable({ events }: BootResult): Table {
  return {
    head: ["event, in a fold of the boot", "count", "ns"],
    rows: events.map(({ kind, count, nanoseconds }) => [
      kind,
      String(count),
      digits(nanoseconds, 0),
    ]),
  };
}

function startTable({ taskSeconds, denoSeconds, qemuSeconds }: StartResult): Table {
  return {
    head: ["first output of busybox echo", "ms"],
    rows: [
      ["deno task run", digits(taskSeconds * 1000, 0)],
      ["console.log in deno, no task", digits(denoSeconds * 1000, 0)],
      ["qemu-riscv64", digits(qemuSeconds === undefined ? qemuSeconds : qemuSeconds * 1000, 0)],
    ],
  };
}

function targetTable(all: readonly Target[]): Table {
  const after = { "": 3, ns: 0, "µs": 2, bytes: 1, ms: 0 };
  return {
    head: ["target", "must ≤", "aim ≤", "measured", ""],
    rows: all.map((target) => [
      target.unit === "" ? target.what : `${target.what}, ${target.unit}`,
      String(target.must),
      String(target.aim),
      digits(target.value, after[target.unit]),
      verdict(target),
    ]),
  };
}

function tablesOf(report: Report): Table[] {
  const { compute, real, paths, messages, reducer, boot, start } = report;
  const reached = report.quick ? [] : stated(report);
  return [
    ...(compute === undefined
      ? []
      : [rowsTable(compute.rows, SECONDS), rowsTable(compute.rows, RATIOS)]),
    ...(real === undefined ? [] : [rowsTable(real, REAL)]),
    ...(paths === undefined ? [] : [pathTable(paths)]),
    ...(messages === undefined ? [] : [messageTable(messages)]),
    ...(reducer === undefined ? [] : [reducerTable(reducer)]),
    ...(boot === undefined ? [] : [bootTable(boot), eventTable(boot)]),
    ...(start === undefined ? [] : [startTable(start)]),
    ...(reached.length === 0 ? [] : [targetTable(reached)]),
  ];
}

/** Of a part of the report, only the targets that it reaches. */
function stated(report: Report): Target[] {
  const { compute, real, paths, messages, reducer, boot, start } = report;
  const whole = ![compute, real, paths, messages, reducer, boot, start].includes(undefined);
  return targets(report).filter(({ value }) => whole || value !== undefined);
}

function hostLines({ host, qemu, compute, noBusybox }: Report): string[] {
  return [
    `${host.processor}, ${host.cores} cores, ${host.system}, Deno ${host.deno}`,
    `Load of the host before the start: ${digits(host.loadBefore, 1)}`,
    qemu ?? "qemu-riscv64 is not installed",
    ...(compute === undefined ? [] : [compute.gcc ?? "gcc is not installed"]),
    ...(noBusybox === undefined ? [] : [`No busybox: ${noBusybox}`]),
  ];
}

/** For people at a terminal. */
export function reportText(report: Report): string {
  return `${hostLines(report).join("\n")}\n\n${tablesOf(report).map(plain).join("\n")}`;
}

/** For tests/bench/RESULTS.md. */
export function reportMarkdown(report: Report, date: string): string {
  return `# Results of \`deno task bench\`

${[date, ...hostLines(report)].map((line) => `- ${line}\n`).join("")}
"on" is Daybook as it is by default, compiling and recording; "off" is \`--no-journal\`, "ir" is
\`--engine ir\`, "replay" re-executes what "on" recorded and checks every event and hash. Each run has
a process of its own; its time goes from the machine's first input to the closed journal, and
starting is a row of its own. QEMU is its user mode, which records nothing and leaves system calls
to the host's kernel; native is gcc's code. Both are timed from the start of their process to its
end. CPU is the time of all threads. Times are medians of interleaved runs, ratios medians of the
ratios of each turn.

A message goes to another address space and its reply comes back, recording on. Batches of 64 round
trips are stamped with the host's clock where their events go to the journal; the first half of each
run warms up and does not count. Transfers are one way, at the median: send and reply count each.

${tablesOf(report).map(markdown).join("\n")}`;
}
