/** The figures as tables. */
import type { BootResult } from "./boot.ts";
import type { ComputeResult } from "./compute.ts";
import type { HostFacts } from "./host_facts.ts";
import type { PathRow } from "./paths.ts";
import { columns } from "./report.ts";

/** All that was measured. */
export interface Report {
  readonly host: HostFacts;
  readonly qemu: string | undefined;
  readonly compute: ComputeResult;
  readonly paths: readonly PathRow[];
  readonly boot: BootResult;
}

/** One table: a head, and rows of as many cells. */
interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const digits = (value: number | undefined, after: number): string =>
  value === undefined ? "–" : value.toFixed(after);

function computeTable({ rows, mips, ratio }: ComputeResult): Table {
  return {
    head: ["program", "million instructions", "s", "MIPS", "QEMU s", "÷ QEMU"],
    rows: [
      ...rows.map((row) => [
        row.program,
        digits(row.instructions / 1e6, 1),
        digits(row.seconds, 2),
        digits(row.mips, 0),
        digits(row.qemuSeconds, 2),
        digits(row.ratio, 1),
      ]),
      ["geometric mean", "", "", digits(mips, 0), "", digits(ratio, 1)],
    ],
  };
}

function pathTable(rows: readonly PathRow[]): Table {
  return {
    head: ["operation", "µs", "QEMU µs"],
    rows: rows.map((row) => [
      row.name,
      digits(row.microseconds, 2),
      digits(row.qemuMicroseconds, 2),
    ]),
  };
}

function bootTable({ journal, seconds, startSeconds, peakBytes }: BootResult): Table {
  return {
    head: ["boot of the image on 8 harts", ""],
    rows: [
      ["events", String(journal.events)],
      ["journal, bytes", String(journal.bytes)],
      ["of them contents of files, bytes", String(journal.blobBytes)],
      ["the rest, bytes per event", digits(journal.bytesPerEvent, 1)],
      ["machine start to closed journal, s", digits(seconds, 2)],
      ["largest resident set, MiB", digits(peakBytes / 2 ** 20, 0)],
      ["a whole `run` of an empty program, s", digits(startSeconds, 2)],
    ],
  };
}

const tablesOf = (report: Report): Table[] => [
  computeTable(report.compute),
  pathTable(report.paths),
  bootTable(report.boot),
];

function hostLines({ host, qemu }: Report): string[] {
  return [
    `${host.processor}, ${host.cores} cores, ${host.system}, Deno ${host.deno}`,
    `Load of the host before the start: ${digits(host.loadBefore, 1)}`,
    qemu ?? "qemu-riscv64 is not installed",
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
Every run records its journal. Times are medians of interleaved runs. QEMU is its user mode, which
records nothing and leaves system calls to the host's kernel.

${tablesOf(report).map(markdown).join("\n")}`;
}

function widths({ head, rows }: Table): number[] {
  return head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i].length)));
}

function line(row: readonly string[], width: readonly number[], gap: string): string {
  return row.map((cell, i) => i === 0 ? cell.padEnd(width[i]) : cell.padStart(width[i])).join(gap);
}

function plain({ head, rows }: Table): string {
  return `${columns([head, ...rows])}\n`;
}

function markdown(table: Table): string {
  const width = widths(table);
  const rule = width.map((n, i) => i === 0 ? "-".repeat(n) : `${"-".repeat(n - 1)}:`);
  return [table.head, rule, ...table.rows].map((row) => `| ${line(row, width, " | ")} |\n`)
    .join("");
}
